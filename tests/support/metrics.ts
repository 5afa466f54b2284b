/**
 * Reading a server's metrics as Prometheus would.
 *
 * @module
 */
import assert from "node:assert/strict";

export const metricsToken = "a-token-for-Prometheus-alone";

/** Each series, as `name{label="value"}`, with its value. */
export async function readMetrics(server: { url: string }): Promise<Map<string, number>> {
  const response = await fetch(`${server.url}/metrics`, {
    headers: { authorization: `Bearer ${metricsToken}` },
  });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  const lines = (await response.text()).split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}
