import { useEffect, useState } from "preact/hooks";
import { reasonOf } from "../api.ts";

export interface Loaded<T> {
  data: T | undefined;
  error: string | null;
  retry(): void;
}

/** Loads something for as long as `key` stays the same; a newer key's answer wins. */
export function useLoad<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [result, setResult] = useState<{ key: string; data?: T; error?: string } | null>(null);
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    load().then(
      (data) => isCurrent && setResult({ key, data }),
      (error) => isCurrent && setResult({ key, error: reasonOf(error) }),
    );
    return () => {
      isCurrent = false;
    };
  }, [key, attempt]);
  const current = result?.key === key ? result : null;
  return {
    data: current?.data,
    error: current?.error ?? null,
    retry: () => {
      setResult(null);
      setAttempt(attempt + 1);
    },
  };
}
