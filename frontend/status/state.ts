/**
 * The figures, asked for again and again while somebody looks.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { StatusResult } from "@/chat/protocol.ts";
import { ApiError, reasonOf } from "../api.ts";
import { call, phase, restoreSession } from "../state/session.ts";

const everyMs = 1_000;
/** An instance that has not answered for so long is no longer shown. */
const forgetMs = 15_000;

interface Answer {
  result: StatusResult;
  heardAt: number;
}

/** Behind a balancer each answer may be another instance's: the latest of each. */
export const answers = signal<Answer[]>([]);
/** Why the last answer did not come. */
export const trouble = signal<string | null>(null);
/** Whoever is signed in is no admin. */
export const isNobodysHere = signal(false);

export function startWatching(): void {
  restoreSession();
  ask();
}

async function ask(): Promise<void> {
  if (phase.value === "signedIn" && document.visibilityState === "visible") await update();
  if (!isNobodysHere.value) setTimeout(ask, everyMs);
}

async function update(): Promise<void> {
  try {
    const result = await call<StatusResult>("GET", "/api/admin/status");
    const now = Date.now();
    const others = answers.value.filter((one) =>
      one.result.instanceId !== result.instanceId && now - one.heardAt < forgetMs
    );
    answers.value = [...others, { result, heardAt: now }]
      .sort((a, b) => a.result.startedAt.localeCompare(b.result.startedAt));
    trouble.value = null;
  } catch (error) {
    if (error instanceof ApiError && error.code === "not_found") isNobodysHere.value = true;
    else trouble.value = reasonOf(error);
  }
}
