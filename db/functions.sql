-- What the message path does inside the database, each in one round trip and one transaction.
--
-- They are functions because, under READ COMMITTED, each statement of a volatile function reads
-- afresh: the first one locks the conversations, always in the order of their ids so that two
-- writers never wait for each other in a circle; the second one sees what the lock protects
-- (last_seq, membership, repeats) as it is now. Their plans are kept by the connection.
--
-- They never read through a table: the planner takes a batch for a hundred rows whatever its length,
-- and on a site of some ten thousand conversations would rather read all of them than look each up.
--
-- Applied on every start after the migrations. A change here must keep serving the version
-- before it, because both run side by side while instances are replaced.

-- Stores a batch of messages, all or none; the arrays have a place for each of them.
-- No two of the same sender and client id.
-- result: {stored: [[n, seq, rev]], repeated: [[n, id]], members: {conversationId: [userId]}},
--        n being a message's place in the batch, from 1
-- A message in neither list was refused: its sender is no member, or it answers to a message of
-- another conversation.
-- A batch is joined to tables only, never to another part of itself: the planner cannot know how
-- long a batch is, takes it for short, and would compare each row with each.
-- Who has left is told apart after the look-up, not by it: the index on those who have not would
-- read all conversations of a sender, or the members of all conversations.
create or replace function store_messages(
  ids uuid[], conversation_ids uuid[], sender_ids uuid[], client_ids uuid[], types text[],
  contents text[], reply_to_ids uuid[], at timestamptz
) returns json
language plpgsql volatile set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare result json;
begin
  perform 1 from conversations
  where id = any(conversation_ids)
  order by id
  for no key update;

  with input as (
    select i.*, c.last_seq, c.rev,
      before.id as repeated_id, before.conversation_id as repeated_in,
      before.id is null and p.user_id is not null and p.left_at is null
        and (i.reply_to_id is null or exists (
          select 1 from messages r
          where r.id = i.reply_to_id and r.conversation_id = i.conversation_id
            and r.seq > p.joined_seq
        )) as is_fresh
    from unnest(ids, conversation_ids, sender_ids, client_ids, types, contents, reply_to_ids)
      with ordinality
      as i(id, conversation_id, sender_id, client_id, type, content, reply_to_id, n)
    left join conversations c on c.id = i.conversation_id
    left join conversation_participants p
      on p.conversation_id = i.conversation_id and p.user_id = i.sender_id
    -- Laterally, so that each is looked up by the index, whatever the statistics say.
    left join lateral (
      select m.id, m.conversation_id from messages m
      where m.sender_id = i.sender_id and m.client_id = i.client_id
      limit 1
    ) before on true
  ),
  fresh as (
    select *, row_number() over (partition by conversation_id order by n) as place
    from input
    where is_fresh
  ),
  stored as (
    insert into messages
      (id, conversation_id, seq, rev, sender_id, client_id, type, content, reply_to_id, created_at)
    select id, conversation_id, last_seq + place, rev + place, sender_id, client_id, type, content,
      reply_to_id, at
    from fresh
  ),
  counted as (
    update conversations c
    set last_seq = c.last_seq + f.total,
      rev = c.rev + f.total,
      last_message_at = greatest(c.last_message_at, at),
      updated_at = greatest(c.updated_at, at)
    from (select conversation_id, count(*)::int as total from fresh group by conversation_id) f
    where c.id = f.conversation_id
  )
  select json_build_object(
    'stored', coalesce((
      select json_agg(json_build_array(n, last_seq + place, rev + place)) from fresh
    ), '[]'),
    'repeated', coalesce((
      select json_agg(json_build_array(n, repeated_id)) from input where repeated_id is not null
    ), '[]'),
    'members', coalesce((
      select json_object_agg(told.id, (
        select json_agg(p.user_id) filter (where p.left_at is null)
        from conversation_participants p where p.conversation_id = told.id
      ))
      from (
        select conversation_id as id from fresh
        union select repeated_in from input where repeated_id is not null
      ) told
    ), '{}')
  )
  into result;
  return result;
end $$;

-- Moves read and delivered marks, forward only and never past the last message; what is read is
-- delivered too. A read mark that moves leaves a receipt.
-- batch: [{conversationId, userId, readSeq, deliveredSeq, at}], no two of the same member and
--        conversation
-- result: [{conversationId, userId, readSeq, deliveredSeq, readMoved, deliveredMoved, marksRev,
--        unreadCount, members: [userId]}], what moved. unreadCount only where the read mark did.
create or replace function move_marks(batch json, unread_limit int) returns json
language plpgsql volatile set enable_seqscan = off set plan_cache_mode = force_generic_plan as $$
declare result json;
begin
  perform 1 from conversations
  where id in (select (m->>'conversationId')::uuid from json_array_elements(batch) m)
  order by id
  for update;

  with input as (
    select c.id as conversation_id, i."userId" as user_id, i.at,
      least(i."readSeq", c.last_seq) as read_seq,
      least(greatest(i."readSeq", i."deliveredSeq"), c.last_seq) as delivered_seq
    from json_to_recordset(batch) as i(
      "conversationId" uuid, "userId" uuid, "readSeq" int, "deliveredSeq" int, at timestamptz
    )
    join conversations c on c.id = i."conversationId"
  ),
  moved as (
    update conversation_participants p
    set last_read_seq = greatest(old.last_read_seq, input.read_seq),
      last_delivered_seq = greatest(old.last_delivered_seq, input.delivered_seq)
    from input
    join conversation_participants old
      on old.conversation_id = input.conversation_id and old.user_id = input.user_id
    where p.conversation_id = old.conversation_id and p.user_id = old.user_id
      and p.left_at is null
      and (input.read_seq > old.last_read_seq or input.delivered_seq > old.last_delivered_seq)
    returning p.conversation_id, p.user_id, p.last_read_seq, p.last_delivered_seq, p.joined_seq,
      p.last_read_seq > old.last_read_seq as read_moved,
      p.last_delivered_seq > old.last_delivered_seq as delivered_moved,
      input.at
  ),
  receipts as (
    insert into message_read_receipts (conversation_id, user_id, seq, read_at)
    select conversation_id, user_id, last_read_seq, at from moved where read_moved
    on conflict do nothing
  ),
  counted as (
    update conversations c
    set marks_rev = c.marks_rev + m.total
    from (select conversation_id, count(*)::int as total from moved group by conversation_id) m
    where c.id = m.conversation_id
    returning c.id, c.marks_rev - m.total as marks_rev_before
  )
  select coalesce(json_agg(json_build_object(
    'conversationId', moved.conversation_id,
    'userId', moved.user_id,
    'readSeq', moved.last_read_seq,
    'deliveredSeq', moved.last_delivered_seq,
    'readMoved', moved.read_moved,
    'deliveredMoved', moved.delivered_moved,
    'marksRev', counted.marks_rev_before + moved.place,
    'unreadCount', case when moved.read_moved then count_unread(
      moved.conversation_id, moved.user_id,
      greatest(moved.last_read_seq, moved.joined_seq), unread_limit
    ) end,
    'members', (
      select json_agg(p.user_id) filter (where p.left_at is null)
      from conversation_participants p where p.conversation_id = moved.conversation_id
    )
  ) order by moved.place), '[]')
  from (
    select *, row_number() over (partition by conversation_id order by user_id) as place
    from moved
  ) moved
  join counted on counted.id = moved.conversation_id
  into result;
  return result;
end $$;

-- How many messages of others came after seq, counted up to most: derived, so it cannot drift;
-- bounded, so it costs the same however much was missed.
create or replace function count_unread(of_conversation uuid, reader uuid, seq int, most int)
returns int language sql stable as $$
  select count(*)::int from (
    select 1 from messages m
    where m.conversation_id = of_conversation and m.seq > $3
      and m.sender_id is distinct from reader and m.deleted_at is null
    limit most
  ) unread
$$;
