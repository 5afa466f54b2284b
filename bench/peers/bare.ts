/**
 * A WebSocket server on Deno that knows nobody and keeps nothing: what a socket costs in itself.
 * It welcomes whoever comes and answers whatever is said. Takes its port as argument.
 *
 * @module
 */
Deno.serve({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
  onListen: () => {},
}, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("ready");
  const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "parley.v1" });
  socket.onopen = () => socket.send('{"type":"connected"}');
  socket.onmessage = () => socket.send('{"type":"sync_result"}');
  return response;
});
