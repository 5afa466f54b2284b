/**
 * Web push in this browser: turned on and off by its member, and known to the server as theirs.
 *
 * Nothing that the page begins with imports this file, so that it is loaded when it is needed.
 *
 * @module
 */
import { computed, effect, signal } from "@preact/signals";
import { ApiError } from "../api.ts";
import { config } from "../config.ts";
import { storage } from "../lib/browser.ts";
import { registerWorker, type ToPage } from "../lib/worker.ts";
import { call, self as member } from "./session.ts";

/**
 * - `unsupported`: this browser cannot, see {@linkcode pushHint};
 * - `unconfigured`: the server sends none;
 * - `denied`: the browser's settings forbid it to this site;
 * - `off`, `on`: as the member chose;
 * - `working`: between the two.
 */
export type PushStatus = "unsupported" | "unconfigured" | "denied" | "off" | "on" | "working";

const path = "/api/notifications/subscriptions";
/** The id that the server gave the subscription; kept for as long as the member wants pushes here. */
const idKey = "parley.push";

export const pushStatus = signal<PushStatus>(currentStatus());
/** What is under way, each after the one before: what signs out must not overtake what subscribes. */
let lastChange: Promise<void> = Promise.resolve();

/** Looks again: permission changes in the browser's own settings. */
export function checkPush(): void {
  if (pushStatus.value !== "working") pushStatus.value = currentStatus();
}

/** What would make pushes possible here, for the person to read; null: nothing they could do. */
export function pushHint(): string | null {
  if (isSupported()) return null;
  if (parent !== self) return "Open your messages in a tab of their own to be notified.";
  const isInstalled = matchMedia("(display-mode: standalone)").matches;
  return isAppleTouch() && !isInstalled
    ? "Add this page to your home screen and open it from there to be notified."
    : null;
}

/**
 * Asks the browser for leave, subscribes, and tells the server. To be called from a click:
 * browsers refuse to ask without one.
 *
 * @throws {ApiError} if the server does not take the subscription
 * @throws {DOMException} if the browser does not subscribe
 */
export function turnOnPush(): Promise<void> {
  const permission = Notification.requestPermission();
  return change(async () => {
    if (await permission === "granted") await subscribe();
  });
}

/**
 * Ends the subscription, at the server and here.
 *
 * @throws {ApiError} if the server cannot be told; it then stays on
 */
export function turnOffPush(): Promise<void> {
  return change(async () => {
    await deleteAtServer();
    await forgetHere();
  });
}

/** Called once: keeps the subscription alive, and that of whoever is signed in. */
export function startPush(): void {
  const memberId = computed(() => member.value?.id);
  effect(() => {
    if (memberId.value !== undefined) renewPush();
  });
  navigator.serviceWorker?.addEventListener("message", ({ data }: MessageEvent<ToPage>) => {
    if (data.type === "renew_push") renewPush();
  });
}

/**
 * Tells the server of this browser's subscription again, and makes another one if the browser gave
 * it up: after a sign-in it is another member's, and after a while it may be another address. What
 * fails is tried again at the next start.
 */
export function renewPush(): Promise<void> {
  if (currentStatus() !== "on") return Promise.resolve();
  return change(async () => {
    // A sign-out may have come first.
    if (currentStatus() === "on") await subscribe();
  }).catch(() => undefined);
}

/**
 * Ends the subscription before its member signs out: whoever sits here next is not to read what
 * comes. Never fails; what the server was not told, the push service tells it.
 */
export function forgetPush(): Promise<void> {
  if (pushStatus.value !== "working" && storage.get(idKey) === null) return Promise.resolve();
  return change(async () => {
    await deleteAtServer().catch(() => undefined);
    await forgetHere();
  }).catch(() => undefined);
}

function currentStatus(): PushStatus {
  if (config.vapidPublicKey === null) return "unconfigured";
  if (!isSupported()) return "unsupported";
  if (Notification.permission === "denied") return "denied";
  return Notification.permission === "granted" && storage.get(idKey) !== null ? "on" : "off";
}

/** In a frame of another site no browser lets a page ask. */
function isSupported(): boolean {
  return parent === self && "serviceWorker" in navigator && "PushManager" in globalThis &&
    "Notification" in globalThis;
}

/** An iPad says it is a Mac, but no Mac has a touch screen. */
function isAppleTouch(): boolean {
  return /iPhone|iPad|iPod/.test(navigator.userAgent) ||
    /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
}

async function change(action: () => Promise<void>): Promise<void> {
  pushStatus.value = "working";
  const mine = lastChange.catch(() => undefined).then(action);
  lastChange = mine;
  try {
    await mine;
  } finally {
    if (lastChange === mine) pushStatus.value = currentStatus();
  }
}

async function subscribe(): Promise<void> {
  await registerWorker();
  const { pushManager } = await navigator.serviceWorker.ready;
  const ask = () =>
    pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: config.vapidPublicKey });
  // It gives the subscription there is; one for other keys of the server has to go first.
  const subscription = await ask().catch(async (error: DOMException) => {
    if (error.name !== "InvalidStateError") throw error;
    await (await pushManager.getSubscription())?.unsubscribe();
    return await ask();
  });
  const { id } = await call<{ id: string }>("POST", path, subscription.toJSON());
  storage.set(idKey, id);
}

/** @throws {ApiError} unless it was told, or knew of none */
async function deleteAtServer(): Promise<void> {
  const id = storage.get(idKey);
  if (id === null) return;
  await call("DELETE", `${path}/${id}`).catch((error) => {
    if (!(error instanceof ApiError) || error.code !== "not_found") throw error;
  });
}

async function forgetHere(): Promise<void> {
  storage.set(idKey, null);
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe();
}
