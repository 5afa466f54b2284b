/** What this needs of Deno's inside: a socket's resource, and the way to let it go. */
interface Inside {
  core?: { tryClose?(resource: number): void };
}

/**
 * Ends a WebSocket at once, whatever its other side does.
 *
 * `close()` only asks: a peer that does not answer goes on holding its connection and whatever it
 * has sent of an unfinished message, and may send more. Deno has no public way to let go of a socket
 * by itself (other servers call it `terminate`), so this reaches for the resource behind it, as
 * Deno does when a peer does not answer its pings. tests/routes/socket_guard_test.ts finds out should
 * a version of Deno change that.
 *
 * @returns false if it could only be asked
 */
export function abortSocket(socket: WebSocket): boolean {
  // First: what is sent to an open socket without a resource ends the process.
  socket.close();
  const deno = Deno as unknown as { internal: symbol } & Record<symbol, Inside | undefined>;
  const { core } = deno[deno.internal] ?? {};
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) =>
    description === "[[rid]]"
  );
  const resource = key && (socket as unknown as Record<symbol, unknown>)[key];
  if (typeof core?.tryClose !== "function" || typeof resource !== "number") return false;
  core.tryClose(resource);
  return true;
}
