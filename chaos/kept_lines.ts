import type { OutboxLine } from "@/frontend/state/outbox_line.ts";
import type { Device } from "./device.ts";
import type { Member } from "./member.ts";

/** The lines of a member's outbox as their browser keeps them, whether or not a page is open. */
export function keptLines(device: Device, userId: string): Promise<readonly OutboxLine[]> {
  const store = "keyval";
  return new Promise((resolve, reject) => {
    const opening = device.databases.open("keyval-store");
    // Before any page has: made here as the page's library makes it.
    opening.onupgradeneeded = () => opening.result.createObjectStore(store);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const reading = opening.result.transaction(store, "readonly").objectStore(store)
        .get(`outbox.${userId}`);
      reading.onerror = () => reject(reading.error);
      reading.onsuccess = () => {
        opening.result.close();
        resolve(reading.result ?? []);
      };
    };
  });
}

/** All that members' devices keep of their outboxes. */
export async function allKeptLines(
  members: readonly Member[],
): Promise<(OutboxLine & { device: string })[]> {
  const lines = [];
  for (const member of members) {
    for (const device of member.devices.keys()) {
      for (const line of await keptLines(device, member.id)) {
        lines.push({ ...line, device: device.name });
      }
    }
  }
  return lines;
}
