create table users (
  id uuid primary key
);

create table conversations (
  id uuid primary key,
  last_message_at timestamptz not null default now()
);

create table participants (
  conversation_id uuid not null references conversations,
  user_id uuid not null references users,
  primary key (conversation_id, user_id)
);
create index on participants (user_id);

create table messages (
  id uuid primary key default gen_random_uuid(),
  conversation_id uuid not null references conversations,
  sender_id uuid not null references users,
  content text not null,
  created_at timestamptz not null default clock_timestamp()
);
create index on messages (conversation_id, created_at);
