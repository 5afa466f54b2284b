import { call } from "./client.ts";
import type { TestUser } from "./server.ts";

/** A member of a server that runs as a process of its own, registered as anybody would. */
export async function register(server: { url: string }, username: string): Promise<TestUser> {
  const { status, body } = await call<{ user: { id: string }; token: string }>(
    server,
    "POST",
    "/api/auth/register",
    {
      body: {
        username,
        displayName: username,
        email: `${username}@example.com`,
        password: "long enough for anyone",
      },
    },
  );
  if (status !== 201) throw new Error(`Not registered: ${status} ${JSON.stringify(body)}`);
  return { id: body.user.id, username, token: body.token };
}
