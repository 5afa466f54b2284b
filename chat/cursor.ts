import * as v from "valibot";
import { invalidInput } from "./errors.ts";
import { ListPosition } from "./protocol.ts";

/** Where a list goes on: the time and id of the last item so far, for a client to hand back. */
export function writeCursor(time: string, id: string): string {
  return btoa(JSON.stringify([time, id]));
}

/** @throws {ChatError} `invalid_input` if it is not one of ours */
export function readCursor(cursor: string): { time: string; id: string } {
  try {
    const [time, id] = v.parse(ListPosition, JSON.parse(atob(cursor)));
    return { time, id };
  } catch {
    throw invalidInput("cursor", "Expected a nextCursor of this list");
  }
}
