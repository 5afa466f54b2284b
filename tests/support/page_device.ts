import { Device } from "@/chaos/device.ts";
import { Journal } from "@/chaos/journal.ts";
import { buildPageCode } from "@/chaos/page_code.ts";
import { globalNames, Tab } from "@/chaos/tab.ts";
import type { TestServer } from "./server.ts";

/** The page's own code without its components, on a device of its own. */
export interface PageDevice {
  device: Device;
  /** What its pages did not catch. */
  errors: unknown[];
  open(): Tab;
}

/** A device whose pages are a server's. */
export async function openPageDevice(server: TestServer): Promise<PageDevice> {
  const port = Number(new URL(server.url).port);
  const errors: unknown[] = [];
  const device = new Device("a browser", { port, narrowPort: port }, 0, (one) => errors.push(one));
  const load = await buildPageCode(globalNames);
  const open = () => new Tab(device, { id: "" }, new Journal(), load, () => {});
  return { device, errors, open };
}
