/**
 * What the server tells the page about itself, in the HTML.
 *
 * @module
 */

export interface DemoMember {
  username: string;
  displayName: string;
}

export interface PageConfig {
  /** False: members come with the platform's own tokens, and nobody registers here. */
  localAccounts: boolean;
  tabs: { value: string; label: string }[];
  demoMembers: DemoMember[] | null;
  demoPassword: string | null;
  /** Origins of pages that may hold this one in a frame and hand it a token. */
  parentOrigins: string[];
  heartbeatSeconds: number;
  /** Whether mail leaves this installation at all. */
  emailAvailable: boolean;
  /** Whether mails may quote what was written, whatever a member chooses. */
  emailContentAllowed: boolean;
  /** What this browser subscribes to pushes with; null: the server sends none. */
  vapidPublicKey: string | null;
}

const defaults: PageConfig = {
  localAccounts: true,
  tabs: [],
  demoMembers: null,
  demoPassword: null,
  parentOrigins: [],
  heartbeatSeconds: 30,
  emailAvailable: false,
  emailContentAllowed: true,
  vapidPublicKey: null,
};

function readConfig(): PageConfig {
  const text = globalThis.document?.getElementById("config")?.textContent;
  return text ? { ...defaults, ...JSON.parse(text) } : defaults;
}

export const config: PageConfig = readConfig();
