/** A mail to one person, ready to leave but for its sender, whom the mailer knows. */
export interface Mail {
  /** The name is free of control characters; see plain_line.ts. */
  to: { name: string; address: string };
  subject: string;
  text: string;
  html: string;
  /** Without angle brackets. A mail that is sent again bears the same. */
  messageId: string;
  /** Message ids of what this mail follows, without angle brackets, the nearest last. */
  references: string[];
  /** Further headers, by name. */
  headers: Record<string, string>;
}

/** Sends mail. */
export interface Mailer {
  /**
   * Resolves once the next server has taken the mail, which is not yet to say that it arrives.
   *
   * It may have been taken although this rejects, when the answer was lost. To send a mail again
   * under its `messageId` is therefore right: services that know it send it once, and mail programs
   * may show what comes twice once.
   *
   * @throws {MailRefused} when trying again is of no use; any other error says: try again later
   */
  send(mail: Mail): Promise<void>;
  /** Lets go of what is open. What is being sent is finished; nothing more is taken. */
  close(): void;
}

/** A mail is refused for good. */
export class MailRefused extends Error {
  override name = "MailRefused";

  /** @param recipient whether it is the address that is not taken, and so no mail to it will be */
  constructor(message: string, readonly recipient: boolean, options?: ErrorOptions) {
    super(message, options);
  }
}
