/**
 * The configuration: every setting with its default, read once from the environment.
 *
 * @module
 */
import { isIP, isIPv6 } from "node:net";
import * as v from "valibot";
import { type LogLevel, logLevels } from "./log.ts";
import type { RedisAddress } from "./redis.ts";

export type Mode = "development" | "production";

export interface Config {
  mode: Mode;
  host: string;
  port: number;
  /** The address members see, without a slash at its end. */
  publicUrl: string;
  /** A Postgres server's URL; undefined: the embedded database in `dataDir`. */
  databaseUrl: string | undefined;
  dataDir: string;
  /** Carries events and presence between instances; undefined: Postgres does. */
  redis: RedisAddress | undefined;
  jwtSecret: string | undefined;
  jwksUrl: string | undefined;
  jwtIssuer: string | undefined;
  jwtAudience: string | undefined;
  tokenTtlSeconds: number;
  refreshTtlSeconds: number;
  localAccounts: boolean;
  /** Further origins that may call us, and may hold the page in a frame. */
  allowedOrigins: string[];
  inboxTabs: { value: string; label: string }[];
  heartbeatSeconds: number;
  silenceSeconds: number;
  /** How mail leaves; undefined: not at all, or, in development, to a page that shows it. */
  mail: MailConfig | undefined;
  /** Whether mail may quote what members wrote. */
  emailContent: boolean;
  emailDelaySeconds: number;
  pushDelaySeconds: number;
  /** Undefined: no web push, or, in development, with keys made once. */
  vapid: { publicKey: string; privateKey: string; subject: string } | undefined;
  /** Host names that may be pushed to, with those below them; `host:port` where it is not 443. */
  pushServices: string[];
  rateLimitScale: number;
  /** Ranges as `10.0.0.0/8` of the proxies that are believed; undefined: one with a private address. */
  trustedProxies: string[] | undefined;
  /** What Prometheus shows to read /metrics; undefined: nobody may. */
  metricsToken: string | undefined;
  logLevel: LogLevel;
}

/** The sender of mail, and the SMTP server or the mail service that takes it. */
export type MailConfig =
  & { from: string }
  & ({ smtpUrl: string } | { serviceUrl: string; serviceKey: string });

/** A setting that is wrong or missing. Its message is one line for whoever starts the program. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Where the push services of Chrome, Firefox, Edge and Safari are. */
const knownPushServices = [
  ...["fcm.googleapis.com", "push.services.mozilla.com", "notify.windows.com", "push.apple.com"],
];

const secretBytes = 32;
const makeSecret = "make one with: openssl rand -base64 48";
const metricsTokenLength = 24;

/**
 * Reads the settings.
 *
 * @param env the environment; an empty value counts as unset
 * @throws {ConfigError} naming the variable, what was given, and what is expected
 */
export function readConfig(env: Record<string, string | undefined>, mode: Mode): Config {
  const given = (name: string) => env[name]?.trim() || undefined;

  function read<T>(
    name: string,
    schema: v.GenericSchema<string, T>,
    expected: string,
    fallback: T,
  ): T {
    const value = given(name);
    if (value === undefined) return fallback;
    const result = v.safeParse(schema, value);
    if (!result.success) {
      throw new ConfigError(
        `${name} is ${JSON.stringify(withoutPassword(value))}: expected ${expected}`,
      );
    }
    return result.output;
  }

  const wholeNumber = (name: string, min: number, max: number, fallback: number) =>
    read(
      name,
      v.pipe(
        v.string(),
        v.regex(/^\d+$/),
        v.transform(Number),
        v.number(),
        v.minValue(min),
        v.maxValue(max),
      ),
      `a whole number from ${min} to ${max}`,
      fallback,
    );
  const oneOf = <T extends string>(name: string, options: readonly T[], fallback: T) =>
    read<T>(name, v.picklist(options), `one of ${options.join(", ")}`, fallback);
  const address = (name: string, protocols: RegExp, expected: string) =>
    read<string | undefined>(
      name,
      v.pipe(v.string(), v.url(), v.regex(protocols)),
      expected,
      undefined,
    );

  function readMail(): MailConfig | undefined {
    const smtpUrl = address("SMTP_URL", /^smtps?:\/\/[^/]/, "smtp://user:password@host:port");
    const serviceKey = given("EMAIL_SERVICE_API_KEY");
    const serviceUrl = address("EMAIL_SERVICE_URL", /^https?:\/\//, "an http or https URL");
    const sender = 'a sender such as "Parley <messages@example.com>"';
    const from = read<string | undefined>("EMAIL_FROM", Mailbox, sender, undefined);
    if (smtpUrl === undefined && serviceKey === undefined) return undefined;
    if (smtpUrl !== undefined && serviceKey !== undefined) {
      throw new ConfigError(
        "SMTP_URL and EMAIL_SERVICE_API_KEY are both set: expected one way for mail to leave",
      );
    }
    if (from === undefined) throw new ConfigError(`EMAIL_FROM is missing: expected ${sender}`);
    if (mode === "production" && given("PUBLIC_URL") === undefined) {
      throw new ConfigError(
        "PUBLIC_URL is missing: expected the address that links in mail lead to",
      );
    }
    if (smtpUrl !== undefined) return { from, smtpUrl };
    return {
      from,
      serviceKey: serviceKey as string,
      serviceUrl: (serviceUrl ?? "https://api.resend.com").replace(/\/+$/, ""),
    };
  }

  function readMetricsToken(): string | undefined {
    const value = given("METRICS_TOKEN");
    if (value === undefined || /^[!-~]*$/.test(value) && value.length >= metricsTokenLength) {
      return value;
    }
    throw new ConfigError(
      `METRICS_TOKEN has ${value.length} characters: expected ${metricsTokenLength} or more, ` +
        `without spaces (${makeSecret})`,
    );
  }

  function readVapid(): Config["vapid"] {
    const make = "make both keys with: deno task vapid";
    // The value stays out of the message: the two may have been mixed up.
    const key = (name: string, length: number) => {
      const value = given(name);
      if (value === undefined || /^[\w-]*$/.test(value) && value.length === length) return value;
      throw new ConfigError(
        `${name} has ${value.length} characters: expected ${length} of base64url; ${make}`,
      );
    };
    const publicKey = key("VAPID_PUBLIC_KEY", 87);
    const privateKey = key("VAPID_PRIVATE_KEY", 43);
    const subject = address("VAPID_SUBJECT", /^(mailto:.+@|https:\/\/)/, "a mailto: or https: URL");
    if (publicKey === undefined && privateKey === undefined) return undefined;
    if (publicKey === undefined || privateKey === undefined) {
      const missing = publicKey === undefined ? "VAPID_PUBLIC_KEY" : "VAPID_PRIVATE_KEY";
      throw new ConfigError(`${missing} is missing: expected the other half; ${make}`);
    }
    if (subject === undefined) {
      throw new ConfigError(
        "VAPID_SUBJECT is missing: expected where a push service can reach you, " +
          "such as mailto:operator@example.com",
      );
    }
    return { publicKey, privateKey, subject };
  }

  const databaseUrl = address(
    "DATABASE_URL",
    /^postgres(ql)?:\/\//,
    "postgres://user:password@host:port/database",
  );
  const redis = read<RedisAddress | undefined>(
    "REDIS_URL",
    RedisUrl,
    "redis://user:password@host:port, or redis+cluster://host:port,host:port",
    undefined,
  );
  if (redis !== undefined && databaseUrl === undefined) {
    throw new ConfigError(
      "REDIS_URL is set without DATABASE_URL: expected a Postgres server that the instances share",
    );
  }

  const port = wholeNumber("PORT", 0, 65_535, 8000);
  const host = given("HOST") ?? (mode === "development" ? "127.0.0.1" : "0.0.0.0");
  const publicUrl = address("PUBLIC_URL", /^https?:\/\//, "an http or https URL") ??
    `http://localhost:${port}`;

  const jwtSecret = readSecret(given("JWT_SECRET"));
  const jwksUrl = address("JWKS_URL", /^https?:\/\//, "an http or https URL");
  const jwtIssuer = given("JWT_ISSUER");
  const jwtAudience = given("JWT_AUDIENCE");
  if (mode === "production" && jwtSecret === undefined && jwksUrl === undefined) {
    throw new ConfigError(
      `JWT_SECRET is missing: expected a secret of ${secretBytes} bytes or more (${makeSecret}), ` +
        "or JWKS_URL for the platform's own tokens",
    );
  }
  if (jwksUrl !== undefined && (jwtIssuer === undefined || jwtAudience === undefined)) {
    throw new ConfigError(
      "JWKS_URL is set: expected JWT_ISSUER and JWT_AUDIENCE too, " +
        "or tokens that the same keys made for others would be taken for ours",
    );
  }
  if (jwtIssuer === "parley") {
    throw new ConfigError(
      'JWT_ISSUER is "parley": expected another name, this one is in our tokens',
    );
  }
  const heartbeatSeconds = wholeNumber("HEARTBEAT_SECONDS", 1, 3_600, 30);
  const silenceSeconds = wholeNumber("SILENCE_SECONDS", 2, 86_400, 120);
  if (silenceSeconds <= heartbeatSeconds) {
    throw new ConfigError(
      `SILENCE_SECONDS is "${silenceSeconds}": expected more than HEARTBEAT_SECONDS (${heartbeatSeconds})`,
    );
  }
  const canSign = jwtSecret !== undefined || mode === "development";
  const localAccounts = oneOf(
    "LOCAL_ACCOUNTS",
    ["true", "false"],
    canSign && jwksUrl === undefined ? "true" : "false",
  ) === "true";
  if (localAccounts && !canSign) {
    throw new ConfigError(
      `LOCAL_ACCOUNTS is true: expected JWT_SECRET too, of ${secretBytes} bytes or more (${makeSecret})`,
    );
  }

  return {
    mode,
    host,
    port,
    publicUrl: publicUrl.replace(/\/+$/, ""),
    databaseUrl,
    dataDir: given("DATA_DIR") ?? "./data",
    redis,
    jwtSecret: jwtSecret ?? (canSign ? randomSecret() : undefined),
    jwksUrl,
    jwtIssuer,
    jwtAudience,
    tokenTtlSeconds: wholeNumber("TOKEN_TTL_SECONDS", 30, 86_400, 900),
    refreshTtlSeconds: wholeNumber("REFRESH_TTL_SECONDS", 60, 31_536_000, 2_592_000),
    localAccounts,
    allowedOrigins: read(
      "ALLOWED_ORIGINS",
      Origins,
      "origins such as https://a.example, comma-separated",
      [],
    ),
    inboxTabs: read("INBOX_TABS", InboxTabs, "value:Label pairs, comma-separated", []),
    heartbeatSeconds,
    silenceSeconds,
    mail: readMail(),
    emailContent: oneOf("EMAIL_CONTENT", ["true", "false"], "true") === "true",
    emailDelaySeconds: wholeNumber("EMAIL_DELAY_SECONDS", 0, 86_400, 300),
    pushDelaySeconds: wholeNumber("PUSH_DELAY_SECONDS", 0, 86_400, 10),
    vapid: readVapid(),
    pushServices: read(
      "PUSH_SERVICES",
      PushServices,
      "host names, comma-separated",
      knownPushServices,
    ),
    rateLimitScale: read(
      "RATE_LIMIT_SCALE",
      v.pipe(v.string(), v.transform(Number), v.number(), v.gtValue(0), v.maxValue(1e9)),
      "a number above 0",
      1,
    ),
    trustedProxies: read<string[] | undefined>(
      "TRUSTED_PROXIES",
      Ranges,
      "addresses or ranges such as 10.0.0.0/8, comma-separated, or none",
      undefined,
    ),
    metricsToken: readMetricsToken(),
    logLevel: oneOf("LOG_LEVEL", logLevels, "info"),
  };
}

/** An address with its password left out: messages end up in logs. */
function withoutPassword(value: string): string {
  return value.replace(/^((?:[a-z]+:\/\/)?[^:@/]*:).*@/i, "$1***@");
}

/** The value itself stays out of the message: it may be a real secret, cut short. */
function readSecret(value: string | undefined): string | undefined {
  const bytes = new TextEncoder().encode(value).length;
  if (value !== undefined && bytes < secretBytes) {
    throw new ConfigError(
      `JWT_SECRET has ${bytes} bytes: expected ${secretBytes} or more (${makeSecret})`,
    );
  }
  return value;
}

function randomSecret(): string {
  return crypto.getRandomValues(new Uint8Array(48)).toBase64();
}

const list = v.pipe(
  v.string(),
  v.transform((text) => text.split(",").map((part) => part.trim()).filter((part) => part !== "")),
);

const Origins = v.pipe(
  list,
  v.everyItem((origin) => URL.canParse(origin) && new URL(origin).origin === origin),
);

/** An address, alone or with a name before it; nothing that could begin another header. */
const Mailbox = v.pipe(
  v.string(),
  v.maxLength(320),
  // deno-lint-ignore no-control-regex
  v.regex(/^(?:[^<>\x00-\x1f\x7f]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/),
);

const PushServices = v.pipe(
  list,
  v.minLength(1),
  v.everyItem((host) => /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?$/i.test(host)),
  v.mapItems((host) => host.toLowerCase()),
);

/** An address alone is a range of one. */
const Ranges = v.pipe(
  list,
  v.transform((ranges) => ranges.join() === "none" ? [] : ranges),
  v.mapItems((range) => range.includes("/") ? range : `${range}/${isIPv6(range) ? 128 : 32}`),
  v.everyItem((range) => {
    const [, address = "", bits] = /^([^%]+)\/(\d{1,3})$/.exec(range) ?? [];
    return isIP(address) !== 0 && Number(bits) <= (isIPv6(address) ? 128 : 32);
  }),
);

/** `redis` or, by TLS, `rediss`; of a cluster, nodes that share the scheme and the login. */
const RedisUrl = v.pipe(
  v.string(),
  v.transform((text): RedisAddress => {
    const [, scheme, cluster, login = "", hosts = ""] =
      /^(rediss?)(\+cluster)?:\/\/([^@]*@)?([^@]+)$/.exec(text) ?? [];
    const urls = hosts.split(",").map((host) => `${scheme}://${login}${host}`);
    return { urls, cluster: cluster !== undefined };
  }),
  v.check(({ urls, cluster }) => cluster || urls.length === 1),
  v.check(({ urls }) =>
    urls.every((url) => /^rediss?:/.test(url) && URL.canParse(url) && new URL(url).hostname !== "")
  ),
);

const InboxTabs = v.pipe(
  list,
  v.everyItem((tab) => /^[^:]{1,60}:.+$/.test(tab)),
  v.mapItems((tab) => {
    const at = tab.indexOf(":");
    return { value: tab.slice(0, at).trim(), label: tab.slice(at + 1).trim() };
  }),
);
