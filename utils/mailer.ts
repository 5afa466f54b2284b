import type { MailConfig } from "./config.ts";
import type { Mailer } from "./mail.ts";
import { createServiceMailer } from "./service_mailer.ts";
import { createSmtpMailer } from "./smtp_mailer.ts";

/** The mailer that the configuration asks for. */
export function createMailer(config: MailConfig): Mailer {
  return "smtpUrl" in config
    ? createSmtpMailer(config.smtpUrl, config.from)
    : createServiceMailer(config.serviceUrl, config.serviceKey, config.from);
}
