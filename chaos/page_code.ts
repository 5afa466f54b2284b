/**
 * The page's own code, as the chaos run uses it: its state without its components.
 *
 * The page is written for a browser's types and this program for the server's, so that the shapes
 * here are told again; the names are those of the modules in `frontend/state/`.
 *
 * @module
 */
import type { Conversation, RegisterInput, Self, ServerFrame } from "@/chat/protocol.ts";
import type { ChatState, Effect } from "@/frontend/state/apply.ts";
import type { OutboxLine } from "@/frontend/state/outbox_line.ts";
import { protocolConstants } from "@/utils/build.ts";
import * as esbuild from "esbuild";
import { fileURLToPath } from "node:url";

interface Signal<T> {
  value: T;
}

/** One loaded page: each its own copy of every module. */
export interface PageCode {
  start: { start(): void };
  session: {
    phase: Signal<"starting" | "signedOut" | "signedIn">;
    self: Signal<Self | null>;
    register(input: RegisterInput): Promise<void>;
    login(name: string, password: string): Promise<void>;
    call<T>(method: string, path: string, body?: unknown): Promise<T>;
  };
  chat: {
    chat: Signal<ChatState>;
    connection: { status: Signal<string>; usesEvents: Signal<boolean> };
    onEffect(listener: (effect: Effect) => void): void;
    onFrame(listener: (frame: ServerFrame) => void): void;
  };
  conversations: {
    conversations: Signal<Conversation[]>;
    unreadTotal: Signal<number>;
    hasMore: Signal<boolean>;
    isListed: Signal<boolean>;
    loadInbox(): Promise<void>;
    search(text: string): void;
    conversationWith(userId: string): Conversation | undefined;
  };
  messages: {
    openId: Signal<string | null>;
    send(content: string): void;
    loadOlder(): Promise<void>;
    loadNewer(): Promise<void>;
    jumpTo(seq: number): Promise<void>;
    jumpToEnd(): Promise<void>;
    trimThread(): void;
  };
  marks: { markRead(conversationId: string, seq: number): void };
  outbox: {
    outbox: Signal<readonly OutboxLine[]>;
    enqueue(
      content: string,
      destination: { conversationId: string } | { recipientId: string },
    ): void;
    removeLine(clientId: string): void;
  };
  router: { navigate(path: string): void };
  sync: { sync(): Promise<void> };
  typing: { typed(conversationId: string): void };
}

const modules: (keyof PageCode)[] = [
  "start",
  "session",
  "chat",
  "conversations",
  "messages",
  "marks",
  "outbox",
  "router",
  "sync",
  "typing",
];

/** Of the part that the page fetches later, what needs no screen. */
const later = `
import { startActivity } from "./state/activity.ts";
import { startMutes } from "./state/mute.ts";
import { startNotifications } from "./state/notifications.ts";
import { startRepeating } from "./state/refused.ts";
export function startLater() {
  startActivity();
  startMutes();
  startNotifications();
  startRepeating();
}
export async function forgetPush() {}
`;

/** Loads a page with these globals. */
export type LoadPage = (globals: Record<string, unknown>) => PageCode;

const root = fileURLToPath(new URL("../", import.meta.url));

/** Builds the page's code once, to be loaded as often as there are pages. */
export async function buildPageCode(globalNames: string[]): Promise<LoadPage> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: modules.map((name) => `export * as ${name} from "./state/${name}.ts";`).join("\n"),
      resolveDir: `${root}frontend`,
      loader: "ts",
    },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "page",
    target: "esnext",
    alias: { "@": root.slice(0, -1) },
    plugins: [protocolConstants(), {
      name: "later",
      setup(build) {
        build.onLoad({ filter: /[/\\]frontend[/\\]later\.ts$/ }, () => ({
          contents: later,
          resolveDir: `${root}frontend`,
          loader: "ts",
        }));
      },
    }],
    logLevel: "warning",
  });
  await esbuild.stop();
  const code = outputFiles[0]?.text ?? "";
  const load = new Function(...globalNames, `${code}\nreturn page;`);
  return (globals) => load(...globalNames.map((name) => globals[name]));
}
