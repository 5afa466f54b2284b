/**
 * Members and conversations to look at in development: a rental site on an ordinary week.
 *
 * @module
 */
import { insertConversation } from "@/db/conversations.ts";
import { updateMarks } from "@/db/marks.ts";
import { insertMessages } from "@/db/messages.ts";
import { insertUser, selectUserByUsername } from "@/db/users.ts";
import { newId } from "@/utils/ids.ts";
import { hashPassword } from "@/utils/password.ts";
import type { Chat } from "./chat.ts";
import { directKey } from "./conversations.ts";
import { limits } from "./protocol.ts";
import { isoTime } from "./views.ts";

export const demoPassword = "parley-demo";

export const demoMembers = [
  { username: "ana", displayName: "Ana Ribeiro" },
  { username: "jonas", displayName: "Jonas Weber" },
  { username: "mira", displayName: "Mira Okafor" },
  { username: "leo", displayName: "Leo Marchetti" },
  { username: "sofia", displayName: "Sofia Lindqvist" },
  { username: "tariq", displayName: "Tariq Haddad" },
];

interface DemoConversation {
  between: [string, string];
  context: string;
  subject: { id: string; title: string; url: string | null; imageUrl: string } | null;
  /** The other one has read, or got, up to the last so-many messages. */
  unreadByFirst: number;
  /** Minutes ago, who, what. */
  lines: [minutesAgo: number, username: string, content: string][];
}

const day = 24 * 60;
const loft = {
  id: "listing-12",
  title: "Light-filled loft by the canal",
  url: null,
  imageUrl: "/demo-loft.svg",
};

const demoConversations: DemoConversation[] = [
  {
    between: ["ana", "jonas"],
    context: "renting",
    subject: loft,
    unreadByFirst: 2,
    lines: [
      [2 * day + 190, "ana", "Hi Jonas! Is the loft still free from the 4th to the 9th of June?"],
      [2 * day + 182, "jonas", "Hello Ana, it is 🙂 Two of you?"],
      [2 * day + 180, "ana", "Two and a very small dog. She mostly sleeps."],
      [2 * day + 175, "ana", "We would arrive by train around 18:00."],
      [2 * day + 150, "jonas", "Small sleeping dogs are welcome."],
      [
        2 * day + 149,
        "jonas",
        "The station is twelve minutes on foot. I can hand over the keys at half past six, or you " +
        "use the key box if the train is late.",
      ],
      [2 * day + 140, "ana", "Half past six works. Is there anything nearby for dinner?"],
      [
        2 * day + 121,
        "jonas",
        "Plenty! The market hall is around the corner: https://example.com/market-hall\nGo before " +
        "nine, the dumpling stand closes early.",
      ],
      [1 * day + 61, "ana", "Booked. Thank you so much!"],
      [1 * day + 58, "jonas", "Wonderful, see you in June."],
      [14, "jonas", "One more thing: the bakery downstairs is closed on Mondays."],
      [13, "jonas", "So bring something for breakfast, or I leave you a loaf 🥖"],
    ],
  },
  {
    between: ["ana", "mira"],
    context: "renting",
    subject: {
      id: "booking-77",
      title: "Portrait session, 21 June",
      url: null,
      imageUrl: "/demo-portrait.svg",
    },
    unreadByFirst: 1,
    lines: [
      [5 * day + 30, "mira", "Hi Ana, thanks for booking! Indoors or out in the park?"],
      [5 * day + 12, "ana", "The park, if the weather holds. Golden hour?"],
      [
        5 * day + 4,
        "mira",
        "Golden hour it is: 20:15 at the west gate. Wear something you can sit on grass in.",
      ],
      [1 * day + 300, "ana", "Can I bring my sister for two or three pictures together?"],
      [95, "mira", "Of course, no extra charge. Tell her to come in warm colours!"],
    ],
  },
  {
    between: ["ana", "leo"],
    context: "hosting",
    subject: null,
    unreadByFirst: 0,
    lines: [
      [
        3 * day + 400,
        "leo",
        "Ciao Ana, I stayed at yours in April and I think I left a grey scarf.",
      ],
      [3 * day + 380, "ana", "You did! It has been hanging by the door, waiting for you."],
      [3 * day + 379, "leo", "😅"],
      [3 * day + 300, "ana", "I can post it on Thursday. Same address as on the booking?"],
      [3 * day + 260, "leo", "Same address. You are the best."],
    ],
  },
  {
    between: ["sofia", "ana"],
    context: "hosting",
    subject: {
      id: "listing-31",
      title: "Garden room with its own door",
      url: null,
      imageUrl: "/demo-garden.svg",
    },
    unreadByFirst: 0,
    lines: [
      [6 * day + 500, "sofia", "Hello! Is the garden room quiet enough for early nights?"],
      [6 * day + 470, "ana", "Very. The loudest neighbour is a blackbird, from about five."],
      [6 * day + 465, "sofia", "I will take the blackbird."],
    ],
  },
  {
    between: ["tariq", "jonas"],
    context: "renting",
    subject: loft,
    unreadByFirst: 0,
    lines: [
      [
        4 * day + 100,
        "tariq",
        "Good evening, does the loft have a desk? I would work from there for a week.",
      ],
      [
        4 * day + 70,
        "jonas",
        "A big one, at the window. 200 Mbit/s, and the coffee machine is serious.",
      ],
    ],
  },
];

/** Makes the demo members and their conversations, unless they are there. */
export async function seedDemo(chat: Chat): Promise<void> {
  const { db } = chat;
  if (await selectUserByUsername(db, "ana")) return;
  const passwordHash = await hashPassword(demoPassword);
  const ids = new Map<string, string>();
  for (const member of demoMembers) {
    const { id } = await insertUser(db, {
      ...member,
      id: newId(),
      passwordHash,
      email: `${member.username}@example.com`,
      lastSeenAt: new Date(chat.clock.now() - 40 * 60_000),
    });
    ids.set(member.username, id);
  }
  for (const conversation of demoConversations) await seedConversation(chat, ids, conversation);
}

async function seedConversation(
  chat: Chat,
  ids: Map<string, string>,
  { between, context, subject, unreadByFirst, lines }: DemoConversation,
): Promise<void> {
  const idOf = (username: string) => ids.get(username) as string;
  const ago = (minutes: number) => new Date(chat.clock.now() - minutes * 60_000);
  const [first, second] = between;
  const begun = ago(lines[0]?.[0] ?? 0);
  const { id } = await insertConversation(chat.db, {
    id: newId(),
    kind: "direct",
    context,
    subject,
    directKey: directKey(idOf(first), idOf(second), context, subject),
    createdBy: idOf(first),
    createdAt: begun,
    lastMessageAt: begun,
  }, between.map(idOf));
  // One at a time, so that each takes its own time as the conversation's last.
  for (const [minutesAgo, username, content] of lines) {
    await insertMessages(chat.db, [{
      id: newId(),
      conversationId: id,
      senderId: idOf(username),
      clientId: crypto.randomUUID(),
      type: "text",
      content,
      replyToId: null,
    }], isoTime(ago(minutesAgo)));
  }
  const read = (username: string, readSeq: number) => ({
    conversationId: id,
    userId: idOf(username),
    readSeq,
    deliveredSeq: lines.length,
    at: isoTime(chat.clock.now()),
  });
  await updateMarks(
    chat.db,
    [read(first, lines.length - unreadByFirst), read(second, lines.length)],
    limits.unreadCount,
  );
}
