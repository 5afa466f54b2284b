import type { Clock } from "./clock.ts";
import type { Mail, Mailer } from "./mail.ts";

/** A mail that was sent to nobody. */
export interface KeptMail extends Mail {
  sentAt: Date;
}

const kept = 100;

/** For development: mail goes no further than here, where it can be looked at. */
export class Mailbox implements Mailer {
  /** Newest first. */
  readonly mails: KeptMail[] = [];

  constructor(private readonly clock: Pick<Clock, "now">) {}

  send(mail: Mail): Promise<void> {
    if (!this.find(mail.messageId)) {
      this.mails.unshift({ ...mail, sentAt: new Date(this.clock.now()) });
      this.mails.splice(kept);
    }
    return Promise.resolve();
  }

  find(messageId: string): KeptMail | undefined {
    return this.mails.find((mail) => mail.messageId === messageId);
  }

  close(): void {}
}
