import { login, register } from "@/chat/accounts.ts";
import { deviceSeconds, rememberDevice } from "@/chat/devices.ts";
import { changeEmail, resendConfirmation } from "@/chat/email_address.ts";
import { ChatError } from "@/chat/errors.ts";
import {
  EmailInput,
  LoginInput,
  RegisterInput,
  Self,
  SessionResult,
  TokenResult,
} from "@/chat/protocol.ts";
import { closeSession, openSession, type Refresh, refreshSession } from "@/chat/sessions.ts";
import { isoTime } from "@/chat/views.ts";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { clientAddress } from "./address.ts";
import type { Api } from "./api.ts";
import { firstLanguage } from "./language.ts";
import { type Origins, refuseUnless } from "./origins.ts";

export interface AuthOptions {
  localAccounts: boolean;
  /** Whether members reach us by https, and the cookie travels by nothing else. */
  https: boolean;
  origins: Origins;
}

/** Accounts of our own. Without them only `me` is there, for the platform's members. */
export function authRoutes(api: Api, options: AuthOptions): void {
  const { chat, tokens } = api;
  const { https, origins } = options;
  // Only these calls ever see the cookies, and no other site can make a browser send them. By their
  // names a browser takes them over https alone; `__Host-` would send them with every request.
  const cookieName = https ? "__Secure-parley_refresh" : "parley_refresh";
  /** By it a browser is known that a member has logged in from before. */
  const deviceCookieName = https ? "__Secure-parley_device" : "parley_device";
  const cookie = {
    httpOnly: true,
    secure: https,
    sameSite: "Strict",
    path: "/api/auth",
  } as const;

  api.on({
    method: "GET",
    path: "/api/auth/me",
    summary: "The member the token speaks for",
    rate: "read",
    answers: { 200: Self },
  }, ({ c, session }) => c.json(session.user));

  if (!options.localAccounts) return;

  // Nor may another page sign its visitor in, as somebody else perhaps, or out. To the cookie a
  // neighbour below the same domain is the same site.
  api.app.use("/api/auth/*", refuseUnless(origins.isAllowed));
  api.app.on("POST", ["/api/auth/refresh", "/api/auth/logout"], refuseUnless(origins.isOwn));

  api.on({
    method: "POST",
    path: "/api/auth/register",
    summary: "Open an account",
    rate: null,
    anonymous: true,
    body: RegisterInput,
    answers: { 201: SessionResult },
  }, async ({ c, body }) => {
    const user = await register(chat, clientAddress(c), body, firstLanguage(c));
    return c.json(await begin(c, user), 201);
  });

  api.on({
    method: "POST",
    path: "/api/auth/login",
    summary: "Log in with a username or an email; sets the refresh cookie",
    rate: null,
    anonymous: true,
    body: LoginInput,
    answers: { 200: SessionResult },
  }, async ({ c, body }) => {
    const from = { address: clientAddress(c), deviceToken: getCookie(c, deviceCookieName) };
    return c.json(await begin(c, await login(chat, from, body)));
  });

  api.on({
    method: "POST",
    path: "/api/auth/refresh",
    summary: "Exchange the refresh cookie for a token and the next cookie",
    rate: "refresh",
    anonymous: true,
    answers: { 200: TokenResult },
  }, async ({ c }) => {
    const refreshToken = getCookie(c, cookieName);
    if (!refreshToken) throw new ChatError("unauthenticated", "There is no session: log in");
    try {
      const { userId, next } = await refreshSession(chat, refreshToken);
      keep(c, next);
      return c.json(await newToken(userId));
    } catch (error) {
      if (error instanceof ChatError && error.code === "unauthenticated") {
        deleteCookie(c, cookieName, cookie);
      }
      throw error;
    }
  });

  api.on({
    method: "POST",
    path: "/api/auth/logout",
    summary: "End the session of the refresh cookie",
    rate: "refresh",
    anonymous: true,
    answers: { 204: null },
  }, async ({ c }) => {
    const refreshToken = getCookie(c, cookieName);
    if (refreshToken) await closeSession(chat, refreshToken);
    deleteCookie(c, cookieName, cookie);
    return c.body(null, 204);
  });

  api.on(
    {
      method: "PUT",
      path: "/api/auth/email",
      summary: "Give another address, in force once it is confirmed by the mail sent to it",
      rate: null,
      body: EmailInput,
      answers: { 200: Self },
    },
    async ({ c, session, body }) =>
      c.json(await changeEmail(chat, clientAddress(c), session.user.id, body)),
  );

  api.on({
    method: "POST",
    path: "/api/auth/email/resend",
    summary: "Send the mail that asks to confirm the address once more",
    rate: null,
    answers: { 204: null },
  }, async ({ c, session }) => {
    await resendConfirmation(chat, session.user.id);
    return c.body(null, 204);
  });

  async function begin(c: Context, user: Self): Promise<SessionResult> {
    keep(c, await openSession(chat, user.id, c.req.header("user-agent")));
    const deviceToken = await rememberDevice(chat, getCookie(c, deviceCookieName), user.id);
    setCookie(c, deviceCookieName, deviceToken, { ...cookie, maxAge: deviceSeconds });
    return { user, ...await newToken(user.id) };
  }

  async function newToken(userId: string): Promise<TokenResult> {
    const { token, expiresAt } = await tokens.sign(userId);
    return { token, expiresAt: isoTime(expiresAt) };
  }

  function keep(c: Context, refresh: Refresh): void {
    setCookie(c, cookieName, refresh.refreshToken, {
      ...cookie,
      expires: new Date(refresh.expiresAt),
    });
  }
}
