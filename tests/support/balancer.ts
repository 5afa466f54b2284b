/**
 * One address before several servers, in turn, as a plain TCP load balancer: it looks at nothing,
 * and who refuses is passed over.
 *
 * @module
 */
export interface Balancer {
  url: string;
  /** Where servers listen now. */
  ports: number[];
  [Symbol.asyncDispose](): Promise<void>;
}

export function startBalancer(ports: number[]): Balancer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const balancer: Balancer = {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`,
    ports,
    [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of open) close(connection);
      return Promise.resolve();
    },
  };
  let turn = 0;

  async function connect(): Promise<Deno.Conn | undefined> {
    for (let tried = 0; tried < balancer.ports.length; tried++) {
      const port = balancer.ports[turn++ % balancer.ports.length] as number;
      try {
        return await Deno.connect({ hostname: "127.0.0.1", port });
      } catch {
        // The next one.
      }
    }
  }

  async function serve(client: Deno.Conn): Promise<void> {
    open.add(client);
    const server = await connect();
    if (server) {
      open.add(server);
      // What one side ends is ended for the other when all has been passed on.
      await Promise.all([
        client.readable.pipeTo(server.writable).catch(() => close(server)),
        server.readable.pipeTo(client.writable).catch(() => close(client)),
      ]);
      open.delete(server);
    } else close(client);
    open.delete(client);
  }

  (async () => {
    for await (const client of listener) serve(client);
  })();
  return balancer;
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
