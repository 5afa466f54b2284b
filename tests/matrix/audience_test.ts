/**
 * Who may hear which frame: for each kind of them something that causes it, and exactly those who
 * get it, of listeners who have, had or have not to do with it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ServerFrame, serverFrames, type ServerFrameType } from "@/chat/protocol.ts";
import { call, converse, TestSocket } from "../support/client.ts";
import { TestStream } from "../support/stream.ts";
import { anyDatabase, openWorld, type World } from "./world.ts";

const listeners = [
  /** The owner's socket that acts, and another device of theirs. */
  "acting",
  "owner",
  /** A member with the group open; one without; one with a stream of server-sent events. */
  "joined",
  "member",
  "stream",
  "spare",
  "former",
  "other",
  "stranger",
  "moderator",
  "admin",
] as const;
type Listener = (typeof listeners)[number];

interface Step {
  kind: ServerFrameType;
  /** What causes it. */
  act: (scene: Scene) => unknown;
  /** Exactly those who hear it. */
  heardBy: Listener[];
}

interface Scene {
  world: World;
  acting: TestSocket;
  owner: TestSocket;
  spare: TestSocket;
}

const inGroup: Listener[] = ["owner", "joined", "member", "stream", "spare"];
const conversations = "/api/messages/conversations";
const asOwner = ({ world }: Scene, method: string, path: string, body?: unknown) =>
  call(world.server, method, path, { as: world.users.owner, ...body !== undefined && { body } });

const steps: Step[] = [
  { kind: "pong", act: ({ acting }) => acting.request({ type: "ping" }), heardBy: ["acting"] },
  {
    kind: "authenticated",
    act: ({ acting, world }) => acting.request({ type: "auth", token: world.users.owner.token }),
    heardBy: ["acting"],
  },
  {
    kind: "error",
    act: ({ acting }) =>
      acting.request({ type: "typing_start", conversationId: crypto.randomUUID() }),
    heardBy: ["acting"],
  },
  {
    kind: "conversation_history",
    act: ({ acting, world }) =>
      acting.request({ type: "join_conversation", conversationId: world.group }),
    heardBy: ["acting"],
  },
  {
    kind: "sync_result",
    act: ({ acting }) => acting.request({ type: "sync", heads: {} }),
    heardBy: ["acting"],
  },
  {
    kind: "message_sent",
    act: ({ acting, world }) => acting.say(world.group, "one"),
    heardBy: ["acting"],
  },
  {
    kind: "new_message",
    act: ({ acting, world }) => acting.say(world.group, "two"),
    heardBy: inGroup,
  },
  {
    // To a member of nothing else: the others of the group hear nothing of it.
    kind: "new_message",
    act: ({ acting, world }) => acting.say(world.direct, "elsewhere"),
    heardBy: ["owner", "other"],
  },
  {
    kind: "message_delivered",
    act: ({ acting, world }) =>
      acting.send({ type: "mark_delivered", conversationId: world.group, seq: 3 }),
    heardBy: ["acting", ...inGroup],
  },
  {
    kind: "message_read",
    act: ({ acting, world }) =>
      acting.send({ type: "mark_read", conversationId: world.group, seq: 4 }),
    heardBy: ["acting", ...inGroup],
  },
  {
    // A stream cannot join, and so hears of typing in all that is its member's.
    kind: "user_typing",
    act: ({ acting, world }) => acting.send({ type: "typing_start", conversationId: world.group }),
    heardBy: ["joined", "stream"],
  },
  {
    // Before its first message a conversation is only its maker's to know of.
    kind: "user_typing",
    act: async ({ acting, world }) => {
      const conversationId = await converse(world.server, world.users.owner, world.users.stranger);
      acting.send({ type: "typing_start", conversationId });
      await converse(world.server, world.users.owner, world.users.member).then((id) =>
        acting.send({ type: "typing_start", conversationId: id })
      );
    },
    heardBy: [],
  },
  {
    // One's own settings are one's own.
    kind: "conversation_updated",
    act: (scene) =>
      asOwner(scene, "PATCH", `${conversations}/${scene.world.group}/settings`, { emailOff: true }),
    heardBy: ["acting", "owner"],
  },
  {
    kind: "conversation_removed",
    act: (scene) =>
      asOwner(
        scene,
        "DELETE",
        `${conversations}/${scene.world.group}/members/${scene.world.spare.id}`,
      ),
    heardBy: ["spare"],
  },
  {
    kind: "new_message",
    act: ({ acting, world }) => acting.say(world.group, "without spare"),
    heardBy: inGroup.filter((one) => one !== "spare"),
  },
  {
    kind: "notification",
    act: (scene) =>
      asOwner(scene, "POST", `${conversations}/${scene.world.group}/members`, {
        userIds: [scene.world.spare.id],
      }),
    heardBy: ["spare"],
  },
  {
    kind: "notifications_read",
    act: (scene) => asOwner(scene, "POST", "/api/notifications/read", { all: true }),
    heardBy: ["acting", "owner"],
  },
  {
    // The spare one shares the group, and a group of their own with the owner.
    kind: "user_offline",
    act: ({ spare }) => spare.close(),
    heardBy: ["acting", "owner", "joined", "member", "stream"],
  },
  {
    kind: "user_online",
    act: async (scene) => {
      scene.spare = await TestSocket.connect(scene.world.server, scene.world.spare);
    },
    heardBy: ["acting", "owner", "joined", "member", "stream"],
  },
];

/** What no step causes: nobody sends it, or each connection gets it for itself. */
const elsewhere: ServerFrameType[] = ["connected", "message_updated", "ping", "sync_needed"];

Deno.test("each kind of frame has something that causes it", () => {
  const caused = new Set([...steps.map((step) => step.kind), ...elsewhere]);
  assert.deepEqual([...caused].sort(), Object.keys(serverFrames).sort());
});

Deno.test("each frame is heard by those it is for, and by nobody else", async () => {
  const world = await openWorld(await anyDatabase.open());
  await using _ = world.server;
  const { server, users } = world;
  const connect = (user: typeof world.spare) => TestSocket.connect(server, user);
  const sockets = {
    acting: await connect(users.owner),
    owner: await connect(users.owner),
    joined: await connect(users.member),
    member: await connect(users.member),
    spare: await connect(world.spare),
    former: await connect(users.former),
    other: await connect(users.other),
    stranger: await connect(users.stranger),
    moderator: await connect(users.moderator),
    admin: await connect(users.admin),
  };
  await using stream = await TestStream.open(server, users.member);
  await sockets.joined.request({ type: "join_conversation", conversationId: world.group });
  const scene: Scene = { world, ...sockets };
  const ears: Record<Listener, () => TestSocket | TestStream> = {
    ...Object.fromEntries(Object.entries(sockets).map(([name, one]) => [name, () => one])),
    spare: () => scene.spare,
    stream: () => stream,
  } as Record<Listener, () => TestSocket | TestStream>;

  for (const { kind, act, heardBy } of steps) {
    await settle(scene, ears);
    const before = new Map(listeners.map((one) => [one, ears[one]().frames.length]));
    await act(scene);
    for (const one of heardBy) await waitFor(ears[one](), kind, before.get(one) ?? 0);
    await settle(scene, ears);
    const isIts = (frame: ServerFrame) =>
      frame.type === kind && !("replyTo" in frame && frame.replyTo?.startsWith("settled"));
    const heard = listeners.filter((one) => ears[one]().frames.slice(before.get(one)).some(isIts));
    assert.deepEqual(heard.toSorted(), heardBy.toSorted(), kind);
  }
  for (const one of listeners) {
    if (one !== "stream") await (ears[one]() as TestSocket).close();
  }
});

async function waitFor(ear: TestSocket | TestStream, kind: ServerFrameType, from: number) {
  await ear.until(() => ear.frames.slice(from).find((frame) => frame.type === kind), kind);
}

/**
 * What was caused before has been told: a sync takes more of the database than what the steps
 * cause does, and each connection gets its frames in order.
 */
async function settle(
  { world }: Scene,
  ears: Record<Listener, () => TestSocket | TestStream>,
): Promise<void> {
  await Promise.all(listeners.map(async (one) => {
    const ear = ears[one]();
    if (!(ear instanceof TestSocket) || ear.socket.readyState !== WebSocket.OPEN) return;
    const id = `settled ${crypto.randomUUID()}`;
    ear.send({ type: "sync", heads: {}, id });
    const isIts = (frame: ServerFrame) => "replyTo" in frame && frame.replyTo === id;
    await ear.until(() => ear.frames.find(isIts), "sync_result");
  }));
  await world.server.chat.marker.idle();
  await world.server.chat.writer.idle();
}
