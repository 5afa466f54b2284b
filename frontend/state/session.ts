/**
 * Who is signed in, and the access token: kept in memory only, renewed before it ends.
 *
 * @module
 */
import { computed, effect, signal, untracked } from "@preact/signals";
import type { RegisterInput, Self, SessionResult, TokenResult } from "@/chat/protocol.ts";
import { ApiError, request } from "../api.ts";
import { config } from "../config.ts";
import { storage, withLock } from "../lib/browser.ts";
import { claimsOf } from "../lib/claims.ts";
import { tokenFromPlatform } from "./platform.ts";

export type SessionPhase = "starting" | "signedOut" | "signedIn";

export const phase = signal<SessionPhase>("starting");
export const self = signal<Self | null>(null);

/** Set while this browser has signed in here, so that a stranger's first visit asks for nothing. */
const signedInKey = "parley.signedIn";
/** Set while the server has not heard that somebody signed out: their cookie is still good. */
const leftKey = "parley.left";
const lockName = "parley.token";
const tabs = new BroadcastChannel("parley.session");

/** A token with less life left than this is renewed before it is used. */
const spareMs = 20_000;
/** A platform's token is used so long at least: this clock may be wrong, and the server judges. */
const minLifeMs = 60_000;
const refreshRetryMs = 3_000;
const leaveRetryMs = 10_000;

interface Access {
  token: string;
  /** By this machine's clock. */
  endsAt: number;
}

let access: Access | null = null;
/** Whose tokens they are, as the tokens say it; a platform's name for the member. */
let subject: string | undefined;
let renewing: Promise<Access> | null = null;
let renewTimer: number | undefined;
/** Counts sign-ins and sign-outs: an answer that was asked for before one is nobody's any more. */
let era = 0;
let leaving: Promise<void> = Promise.resolve();
let leaveTimer: number | undefined;
const renewalListeners = new Set<(token: string) => void>();

/** Calls `listener` with every token that replaces an earlier one. */
export function onRenewed(listener: (token: string) => void): void {
  renewalListeners.add(listener);
}

/** Calls `listener` with the id of whoever is signed in, null for nobody: now, and on each change. */
export function onMember(listener: (id: string | null) => void): void {
  const id = computed(() => self.value?.id ?? null);
  effect(() => {
    const now = id.value;
    untracked(() => listener(now));
  });
}

/**
 * A token that is good for a while yet.
 *
 * @throws {ApiError} `unauthenticated` when nobody is signed in; `no_connection`
 */
export async function token(): Promise<string> {
  if (access !== null && access.endsAt - Date.now() > spareMs) return access.token;
  return (await renew()).token;
}

/** Lets the token go that the server refused; the next one will be fresh. */
export function refuseToken(): void {
  access = null;
}

/**
 * Calls the server as the member; renews the token once if it is refused.
 *
 * @throws {ApiError}
 */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const asked = era;
  try {
    return await request<T>(method, path, { body, token: await token() });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== "unauthenticated") throw error;
    // Nor is it the next member's to repeat.
    if (asked !== era) throw error;
    refuseToken();
    return await request<T>(method, path, { body, token: await token() });
  }
}

/** Finds out, on load, whether somebody is signed in; keeps trying while the server is away. */
export async function restoreSession(): Promise<void> {
  if (config.localAccounts && storage.get(signedInKey) === null) {
    phase.value = "signedOut";
    leaveAgain();
    return;
  }
  try {
    self.value = await call<Self>("GET", "/api/auth/me");
    phase.value = "signedIn";
  } catch (error) {
    if (error instanceof ApiError && error.isTransient && error.code !== "unauthenticated") {
      setTimeout(restoreSession, refreshRetryMs);
    } else {
      signOutHere();
    }
  }
}

/** @throws {ApiError} */
export async function login(name: string, password: string): Promise<void> {
  await leaveAgain();
  begin(await request("POST", "/api/auth/login", { body: { login: name, password } }));
}

/** @throws {ApiError} with `details.errors` for the fields that were wrong */
export async function register(input: RegisterInput): Promise<void> {
  await leaveAgain();
  begin(await request("POST", "/api/auth/register", { body: input }));
}

/** Signs out, here and in this browser's other tabs. */
export function logout(): void {
  const last = access?.token;
  signOutHere();
  tabs.postMessage(null);
  storage.set(leftKey, "1");
  leaving = tellLeft(last);
}

/** Its answer takes the cookie away; that of a sign-in right after it has to come later. */
async function tellLeft(token?: string): Promise<void> {
  try {
    await request<void>("POST", "/api/auth/logout", token === undefined ? {} : { token });
    storage.set(leftKey, null);
  } catch {
    clearTimeout(leaveTimer);
    leaveTimer = setTimeout(leaveAgain, leaveRetryMs);
  }
}

/** Tells the server what it has not heard, unless somebody has signed in since. */
async function leaveAgain(): Promise<void> {
  await leaving;
  if (phase.value === "signedOut" && storage.get(leftKey) !== null) await (leaving = tellLeft());
}

function begin({ user, ...result }: SessionResult): void {
  storage.set(signedInKey, "1");
  storage.set(leftKey, null);
  forgetToken();
  keep(result);
  self.value = user;
  phase.value = "signedIn";
  tabs.postMessage(user.id);
}

function signOutHere(): void {
  forgetToken();
  storage.set(signedInKey, null);
  phase.value = "signedOut";
  self.value = null;
}

function forgetToken(): void {
  era++;
  access = null;
  subject = undefined;
  renewing = null;
  clearTimeout(renewTimer);
}

// The cookie is shared by all tabs: when one signs out, or in as somebody else, so do the others.
tabs.onmessage = ({ data: userId }: MessageEvent<string | null>) => {
  if (userId === null && phase.value === "signedIn") signOutHere();
  else if (userId !== null && userId !== self.value?.id) location.reload();
};

function renew(): Promise<Access> {
  if (renewing !== null) return renewing;
  const mine = obtain().finally(() => {
    if (renewing === mine) renewing = null;
  });
  return renewing = mine;
}

async function obtain(): Promise<Access> {
  const asked = era;
  let result: TokenResult;
  try {
    result = config.localAccounts
      // Refreshing changes the cookie: two tabs at once would look like a stolen one.
      ? await withLock(lockName, () => request<TokenResult>("POST", "/api/auth/refresh"))
      : await tokenFromPlatform();
  } catch (error) {
    const isOut = error instanceof ApiError && error.code === "unauthenticated";
    if (isOut && asked === era) signOutHere();
    throw error;
  }
  if (asked !== era) throw new ApiError("no_connection", "Somebody else has signed in");
  if (subject !== undefined && claimsOf(result.token).sub !== subject) {
    location.reload();
    throw new ApiError("no_connection", "Somebody else has signed in");
  }
  const renewed = keep(result);
  for (const listener of renewalListeners) listener(renewed.token);
  return renewed;
}

function keep({ token, expiresAt }: TokenResult): Access {
  const { sub, iat, exp } = claimsOf(token);
  // A token just issued lives as long as its claims say, however wrong this machine's clock is.
  const lifeMs = config.localAccounts && iat !== undefined && exp !== undefined
    ? (exp - iat) * 1_000
    : Math.max(Date.parse(expiresAt) - Date.now(), minLifeMs);
  subject = sub;
  access = { token, endsAt: Date.now() + lifeMs };
  clearTimeout(renewTimer);
  const inMs = Math.max(lifeMs * 0.75, lifeMs - 120_000);
  renewTimer = setTimeout(() => renew().catch(() => undefined), Math.min(inMs, 2 ** 31 - 1));
  return access;
}
