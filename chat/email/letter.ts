/** A mail to a member who was away, of what they have not read. */
export interface Letter {
  /** The delivery's id: when the letter is sent again, it is the same mail. */
  id: string;
  to: { name: string; address: string; locale: string | null };
  /** The sender as configured; its name is what the letter calls the site. */
  from: string;
  /** Without a slash at its end. */
  publicUrl: string;
  /** The member's IANA time zone; `UTC` if they never said. */
  timeZone: string;
  /** Whether it may quote what was written. */
  withContent: boolean;
  /** At least one. */
  conversations: LetterConversation[];
  /** URLs. There is none for one conversation if the letter tells of several. */
  unsubscribe: { conversation: string | null; all: string };
}

export interface LetterConversation {
  id: string;
  /** The other member's name, or the group's title. */
  title: string;
  isGroup: boolean;
  /** The title of what it is about: a listing, a booking. */
  subjectTitle: string | null;
  /** How the unread ones begin, oldest first; those of the system have no sender, "". */
  messages: LetterMessage[];
  /** All that are unread, here or not. */
  count: number;
}

export interface LetterMessage {
  senderName: string;
  content: string;
  type: "text" | "image" | "file" | "system";
  /** In ISO 8601. */
  createdAt: string;
}
