import { uuidv7 } from "uuidv7";

/** A new UUIDv7: sorts by time, so that inserts stay at one end of an index. */
export const newId = uuidv7;
