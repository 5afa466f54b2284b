/**
 * How the member wants to be told of what they miss. A change shows at once and is saved by itself.
 *
 * @module
 */
import { signal } from "@preact/signals";
import type { NotificationPreferences } from "@/chat/protocol.ts";
import { reasonOf } from "../api.ts";
import { usualQuietHours } from "../lib/quiet_hours.ts";
import { call, onMember } from "./session.ts";

const path = "/api/notifications/preferences";
/** Changes in quick succession are saved together. */
const gatherMs = 400;
const tabs = new BroadcastChannel("parley.preferences");

/** As they stand on the page; null until they have been loaded. */
export const preferences = signal<NotificationPreferences | null>(null);
/** Why they could not be loaded. */
export const preferencesError = signal<string | null>(null);
export type SaveState = "unchanged" | "saving" | "saved" | "failed";
export const saveState = signal<SaveState>("unchanged");
/** Why the last change could not be saved. */
export const saveError = signal<string | null>(null);

/** As the server last said. */
let stored: NotificationPreferences | null = null;
let lastQuietHours = usualQuietHours();
let timer: number | undefined;
/** Counts members: what was asked for the last one is not for the next. */
let era = 0;

/** Loads them, again where they may have changed elsewhere; what is being changed here stays. */
export async function loadPreferences(): Promise<void> {
  const asked = era;
  preferencesError.value = null;
  try {
    const loaded = await call<NotificationPreferences>("GET", path);
    if (asked !== era) return;
    const isChanging = saveState.value === "saving" || saveState.value === "failed";
    stored = loaded;
    if (!isChanging) preferences.value = loaded;
  } catch (error) {
    if (asked === era) preferencesError.value = reasonOf(error);
  }
}

/** Changes some of them. */
export function changePreferences(change: Partial<NotificationPreferences>): void {
  if (preferences.value === null) return;
  preferences.value = { ...preferences.value, ...change };
  saveState.value = "saving";
  clearTimeout(timer);
  timer = setTimeout(savePreferences, gatherMs);
}

/** Turns quiet hours on, as they were last on this page, or off. */
export function switchQuietHours(isOn: boolean): void {
  lastQuietHours = preferences.value?.quietHours ?? lastQuietHours;
  changePreferences({ quietHours: isOn ? lastQuietHours : null });
}

/** Saves what was changed, at once; again after it failed. */
export async function savePreferences(): Promise<void> {
  clearTimeout(timer);
  const wanted = preferences.value;
  if (wanted === null || saveState.value === "unchanged" || saveState.value === "saved") return;
  const asked = era;
  saveState.value = "saving";
  saveError.value = null;
  try {
    stored = await call<NotificationPreferences>("PUT", path, wanted);
    if (asked !== era) return;
    // What was changed meanwhile has its own turn.
    if (preferences.value !== wanted) return;
    preferences.value = stored;
    saveState.value = "saved";
    tabs.postMessage(stored);
  } catch (error) {
    if (asked !== era || preferences.value !== wanted) return;
    saveState.value = "failed";
    saveError.value = reasonOf(error);
  }
}

/** Gives up a change that could not be saved. */
export function undoChanges(): void {
  clearTimeout(timer);
  preferences.value = stored;
  saveState.value = "unchanged";
  saveError.value = null;
}

/** Called once; loads them for each member who signs in. */
export function startPreferences(): void {
  tabs.onmessage = ({ data }: MessageEvent<NotificationPreferences>) => {
    stored = data;
    if (saveState.value === "unchanged" || saveState.value === "saved") preferences.value = data;
  };
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") savePreferences();
  });
  onMember((id) => {
    era++;
    stored = null;
    undoChanges();
    if (id !== null) loadPreferences();
  });
}
