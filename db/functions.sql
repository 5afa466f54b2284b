-- What the message path does inside the database, each in one round trip and one transaction.
--
-- They are functions because, under READ COMMITTED, each statement of a volatile function reads
-- afresh: the first one locks the conversations, always in the order of their ids so that two
-- writers never wait for each other in a circle; the second one sees what the lock protects
-- (last_seq, membership, repeats) as it is now. Their plans are kept by the connection.
--
-- Applied on every start after the migrations. A change here must keep serving the version
-- before it, because both run side by side while instances are replaced.

-- Stores a batch of messages, all or none.
-- batch: [{n, id, conversationId, senderId, clientId, type, content, replyToId, createdAt}],
--        no two with the same sender and client id
-- result: {stored: [[n, seq, rev]], repeated: [[n, id]], members: {conversationId: [userId]}}
-- A message in neither list was refused: its sender is no member, or it answers to a message of
-- another conversation.
create or replace function store_messages(batch json) returns json
language plpgsql volatile as $$
declare result json;
begin
  perform 1 from conversations
  where id in (select (m->>'conversationId')::uuid from json_array_elements(batch) m)
  order by id
  for update;

  with input as (
    select n, id, "conversationId" as conversation_id, "senderId" as sender_id,
      "clientId" as client_id, type, content, "replyToId" as reply_to_id,
      "createdAt" as created_at
    from json_to_recordset(batch) as (
      n int, id uuid, "conversationId" uuid, "senderId" uuid, "clientId" uuid, type text,
      content text, "replyToId" uuid, "createdAt" timestamptz
    )
  ),
  repeated as (
    select input.n, m.id, m.conversation_id
    from input
    join messages m on m.sender_id = input.sender_id and m.client_id = input.client_id
  ),
  fresh as (
    select input.*,
      row_number() over (partition by input.conversation_id order by input.n) as place
    from input
    join conversation_participants p
      on p.conversation_id = input.conversation_id and p.user_id = input.sender_id
      and p.left_at is null
    where not exists (select 1 from repeated where repeated.n = input.n)
      and (input.reply_to_id is null or exists (
        select 1 from messages r
        where r.id = input.reply_to_id and r.conversation_id = input.conversation_id
          and r.seq > p.joined_seq
      ))
  ),
  counted as (
    update conversations c
    set last_seq = c.last_seq + f.total,
      rev = c.rev + f.total,
      last_message_at = greatest(c.last_message_at, f.latest),
      updated_at = greatest(c.updated_at, f.latest)
    from (
      select conversation_id, count(*)::int as total, max(created_at) as latest
      from fresh group by conversation_id
    ) f
    where c.id = f.conversation_id
    returning c.id, c.last_seq - f.total as seq_before, c.rev - f.total as rev_before
  ),
  stored as (
    insert into messages
      (id, conversation_id, seq, rev, sender_id, client_id, type, content, reply_to_id, created_at)
    select f.id, f.conversation_id, c.seq_before + f.place, c.rev_before + f.place, f.sender_id,
      f.client_id, f.type, f.content, f.reply_to_id, f.created_at
    from fresh f
    join counted c on c.id = f.conversation_id
    returning id, seq, rev
  )
  select json_build_object(
    'stored', coalesce((
      select json_agg(json_build_array(fresh.n, stored.seq, stored.rev))
      from stored join fresh on fresh.id = stored.id
    ), '[]'),
    'repeated', coalesce((
      select json_agg(json_build_array(repeated.n, repeated.id)) from repeated
    ), '[]'),
    'members', coalesce((
      select json_object_agg(conversation_id, user_ids)
      from (
        select p.conversation_id, json_agg(p.user_id) as user_ids
        from conversation_participants p
        where p.left_at is null and p.conversation_id in (
          select id from counted union select conversation_id from repeated
        )
        group by p.conversation_id
      ) m
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
language plpgsql volatile as $$
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
  ),
  members as (
    select p.conversation_id, json_agg(p.user_id) as user_ids
    from conversation_participants p
    where p.conversation_id in (select id from counted) and p.left_at is null
    group by p.conversation_id
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
    'members', members.user_ids
  ) order by moved.place), '[]')
  from (
    select *, row_number() over (partition by conversation_id order by user_id) as place
    from moved
  ) moved
  join counted on counted.id = moved.conversation_id
  join members on members.conversation_id = moved.conversation_id
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
