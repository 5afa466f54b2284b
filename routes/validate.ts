import { ChatError } from "@/chat/errors.ts";
import * as v from "valibot";

/**
 * Checks input against its schema.
 *
 * @throws {ChatError} `invalid_input`, with the path and the message of each thing that is wrong
 */
export function validate<Schema extends v.GenericSchema>(
  schema: Schema,
  input: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const errors = result.issues.map((issue) => ({
    path: v.getDotPath(issue) ?? "",
    message: issue.message,
  }));
  const [first] = errors;
  throw new ChatError(
    "invalid_input",
    first?.path ? `${first.path}: ${first.message}` : first?.message ?? "",
    { errors },
  );
}

/** @throws {ChatError} `invalid_input` if it is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ChatError("invalid_input", "Expected JSON", {
      errors: [{ path: "", message: "Expected JSON" }],
    });
  }
}
