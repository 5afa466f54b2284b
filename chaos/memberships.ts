/**
 * Who was in a conversation when: noted by the database itself, in the transaction that changes it
 * and under the conversation's lock, so that it is exact whatever the servers say of it.
 *
 * @module
 */
import type { Sql } from "postgres";

interface Change {
  conversationId: string;
  userId: string;
  /** The conversation's last message before it. */
  seq: number;
  isIn: boolean;
  /** Milliseconds since 1970, a moment before it was so. */
  at: number;
}

/** How long a change may take from its noting to being so, with the database under attack. */
const commitMs = 60_000;

/** Has a database with the servers' tables note the changes of members from now on. */
export async function noteMemberships(sql: Sql): Promise<void> {
  await sql.unsafe(`
    create table chaos_memberships (
      n bigint generated always as identity primary key,
      conversation_id uuid not null, user_id uuid not null, seq int not null, is_in boolean not null,
      at timestamptz not null default clock_timestamp()
    );
    create function note_membership() returns trigger language plpgsql as $$
    begin
      insert into chaos_memberships (conversation_id, user_id, seq, is_in)
      values (new.conversation_id, new.user_id, case
        when new.left_at is null then new.joined_seq
        else (select last_seq from conversations where id = new.conversation_id)
      end, new.left_at is null);
      return null;
    end $$;
    create trigger note_membership after insert or update of left_at on conversation_participants
    for each row execute function note_membership();
  `);
}

/** What {@linkcode noteMemberships} has had noted. */
export class Memberships {
  /** Those of one member in one conversation in the order in which they happened. */
  readonly #changes: Map<string, Change[]>;

  private constructor(
    /** In the order in which they happened. */
    readonly changes: readonly Change[],
  ) {
    this.#changes = Map.groupBy(changes, (one) => key(one.conversationId, one.userId));
  }

  static async read(sql: Sql): Promise<Memberships> {
    return new Memberships(
      await sql<Change[]>`
        select conversation_id as "conversationId", user_id as "userId", seq, is_in as "isIn",
          extract(epoch from at)::float8 * 1000 as at
        from chaos_memberships order by n
      `,
    );
  }

  /** Whether a message was one for this member, to write or to see. */
  wasIn(conversationId: string, userId: string, seq: number): boolean {
    return this.#of(conversationId, userId).findLast((one) => one.seq < seq)?.isIn ?? false;
  }

  /** Whether a member was out of a conversation at this time (milliseconds since 1970) or later. */
  wasOutSince(conversationId: string, userId: string, at: number): boolean {
    const changes = this.#of(conversationId, userId);
    return changes.some(({ isIn }, n) => {
      const end = changes[n + 1]?.at ?? Infinity;
      return !isIn && end + commitMs >= at;
    });
  }

  #of(conversationId: string, userId: string): Change[] {
    return this.#changes.get(key(conversationId, userId)) ?? [];
  }
}

const key = (conversationId: string, userId: string) => `${conversationId} ${userId}`;
