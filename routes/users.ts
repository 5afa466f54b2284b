import { Profile, UsersQuery, UsersResult } from "@/chat/protocol.ts";
import { findUsers, getProfile } from "@/chat/users.ts";
import type { Api } from "./api.ts";

export function userRoutes(api: Api): void {
  const { chat } = api;

  api.on(
    {
      method: "GET",
      path: "/api/users",
      summary: "Members one may write to, by the beginnings of their names or by exact username",
      rate: "search",
      query: UsersQuery,
      answers: { 200: UsersResult },
    },
    async ({ c, session, query }) =>
      c.json({ users: await findUsers(chat, session.user.id, query) }),
  );

  api.on({
    method: "GET",
    path: "/api/users/:userId",
    summary: "A member's profile; presence only if one shares a conversation with them",
    rate: "read",
    answers: { 200: Profile },
  }, async ({ c, session, id }) => c.json(await getProfile(chat, session.user.id, id("userId"))));
}
