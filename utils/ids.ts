import { UUID, uuidv7 } from "uuidv7";

/** A new UUIDv7: sorts by time, so that inserts stay at one end of an index. */
export const newId = uuidv7;

/** The least id that could have been made at a time, in milliseconds since 1970. */
export const firstIdOf = (time: number): string => UUID.fromFieldsV7(time, 0, 0, 0).toString();
