import type { TargetedEvent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, reasonOf } from "../api.ts";

/** What went wrong with a form: as a whole, and field by field. */
export interface Failure {
  message: string;
  fields: Record<string, string>;
}

function failureOf(error: unknown): Failure {
  const issues = error instanceof ApiError ? error.details.errors ?? [] : [];
  const fields = Object.fromEntries(issues.map(({ path, message }) => [path, message]));
  return {
    message: issues.length > 0 ? "Please correct the fields below." : reasonOf(error),
    fields,
  };
}

/** Runs a form's action once at a time and keeps what went wrong. */
export function useSubmit(action: (values: Record<string, string>) => Promise<void>) {
  const [failure, setFailure] = useState<Failure | null>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [failure]);
  const run = async (values: Record<string, string>) => {
    if (isBusy) return;
    setBusy(true);
    setFailure(null);
    try {
      await action(values);
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  const onSubmit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    const entries = [...new FormData(event.currentTarget)];
    run(Object.fromEntries(entries.map(([key, value]) => [key, String(value)])));
  };
  return { failure, isBusy, run, onSubmit };
}
