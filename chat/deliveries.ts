/**
 * Sending what members are told of by mail and by push. Jobs wait in the queue; each looks again at
 * how things stand when its turn comes, because an hour may have passed.
 *
 * @module
 */
import type { Database } from "@/db/database.ts";
import type { UnreadPart } from "@/db/unread.ts";
import { newId } from "@/utils/ids.ts";
import { deliverAccountMail } from "./account_mail_delivery.ts";
import { type Chat, inBackground } from "./chat.ts";
import { ChatError } from "./errors.ts";
import { deliverMessageMail } from "./mail_delivery.ts";
import type { UndeliveredResult } from "./protocol.ts";
import { deliverPush } from "./push_delivery.ts";
import { isoTime } from "./views.ts";

const undeliveredShown = 100;

/** A mail to a member about unread messages, for each conversation from a place on. */
export interface MessageMailJob {
  userId: string;
  conversations: UnreadPart[];
}

/**
 * A mail about an account's address: to confirm the one that was given then, or to the one that is
 * to be replaced.
 */
export type AccountMailJob =
  & { userId: string }
  & ({ type: "confirm"; askedId: string } | { type: "changing"; address: string });

export type MailJob = MessageMailJob | AccountMailJob;

/** A push to a member's devices: that there are messages, or that they have been read. */
export type PushJob =
  & {
    userId: string;
    conversationId: string;
    /** To this device alone; left out: to all. */
    subscriptionId?: string;
  }
  & ({ type: "messages"; toSeq: number } | { type: "read" });

/** The queues, as {@linkcode openQueue} takes them. */
export const queues = {
  // With waits up to half an hour, tried for about a day. A mailer gives up by itself within 60 s.
  email: { limitSeconds: 90, retryDelaySeconds: 30, retryLimit: 50 },
  // Half an hour later a push is no news any more. A pusher gives up within 15 s.
  push: { limitSeconds: 40, retryDelaySeconds: 15, retryLimit: 7 },
};

/** Has devices show no longer what was pushed of conversations, in the transaction it is handed. */
export async function pushRead(
  chat: Chat,
  tx: Database,
  of: { userId: string; conversationId: string }[],
): Promise<void> {
  if (!chat.pusher) return;
  const jobs = of.map((one) => ({
    id: newId(),
    data: { type: "read", ...one } satisfies PushJob,
  }));
  await chat.queue?.add(tx, "push", jobs);
}

/** Begins to send what is in the queue. */
export async function startDeliveries(chat: Chat): Promise<void> {
  if (chat.mailer) {
    await chat.queue?.work<MailJob>(
      "email",
      ({ id, data }) =>
        "conversations" in data
          ? deliverMessageMail(inBackground(chat), { id, data })
          : deliverAccountMail(inBackground(chat), { id, data }),
    );
  }
  if (chat.pusher) {
    await chat.queue?.work<PushJob>("push", (job) => deliverPush(inBackground(chat), job));
  }
}

/**
 * What was given up of late, with its reason, for whoever runs the server.
 *
 * @throws {ChatError} `forbidden` to all but admins
 */
export async function listUndelivered(
  chat: Chat,
  user: { role: string },
): Promise<UndeliveredResult> {
  if (user.role !== "admin") throw new ChatError("forbidden", "Only admins may see this");
  const jobs = await chat.queue?.undelivered<MailJob | PushJob>(undeliveredShown) ?? [];
  return {
    undelivered: jobs.map(({ queue, data, reason, createdAt, failedAt }) => ({
      queue: queue as keyof typeof queues,
      userId: data.userId,
      reason,
      createdAt: isoTime(createdAt),
      failedAt: isoTime(failedAt),
    })),
  };
}
