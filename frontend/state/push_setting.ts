/**
 * The switch for pushes to this browser: two things have to hold, that the member wants pushes and
 * that this browser is subscribed.
 *
 * @module
 */
import { computed, signal } from "@preact/signals";
import { ApiError, reasonOf } from "../api.ts";
import { checkDesktop } from "./desktop.ts";
import { changePreferences, preferences } from "./preferences.ts";
import { checkPush, pushStatus, turnOffPush, turnOnPush } from "./push.ts";

/** Why the last turn of the switch did not succeed. */
export const pushError = signal<string | null>(null);
export const isPushOn = computed(() =>
  pushStatus.value === "on" && preferences.value?.push === true
);

/** Looks again at what the browser permits, to push and to the page itself alike. */
export function checkPermission(): void {
  checkDesktop();
  checkPush();
}

/** To be called from a click: the browser asks for permission. */
export async function switchPush(isOn: boolean): Promise<void> {
  pushError.value = null;
  try {
    if (!isOn) return await turnOffPush();
    if (pushStatus.value !== "on") await turnOnPush();
    if (pushStatus.value === "on") changePreferences({ push: true });
  } catch (error) {
    pushError.value = error instanceof ApiError
      ? reasonOf(error)
      : "The browser could not reach its push service. Please try again.";
  } finally {
    checkPermission();
  }
}
