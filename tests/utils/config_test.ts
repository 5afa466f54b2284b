import assert from "node:assert/strict";
import { type Config, ConfigError, type Mode, readConfig } from "@/utils/config.ts";

const secret = "0123456789abcdef0123456789abcdef";

/** What `read` refuses to start with. */
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.ok(!error.message.includes("\n"), "One line");
    return error.message;
  }
  assert.fail("Was not refused");
}

const read = (env: Record<string, string> = {}, mode: Mode = "production") =>
  readConfig({ JWT_SECRET: secret, ...env }, mode);

/** Settings whose value stands on its own. */
interface Setting {
  name: string;
  field: keyof Config;
  unset: unknown;
  right: [given: string, taken: unknown][];
  wrong: string[];
  expected: string;
  /** Another setting that must fit to it. */
  beside?: Record<string, string>;
}

const number = (
  name: string,
  field: keyof Config,
  unset: number,
  [min, max]: [number, number],
): Setting => ({
  name,
  field,
  unset,
  right: [[String(min), min], [String(max), max], [` ${max} `, max]],
  wrong: [String(min - 1), String(max + 1), "1.5", "1e3", "0x10", "ten", "10s"],
  expected: `a whole number from ${min} to ${max}`,
});

const settings: Setting[] = [
  number("PORT", "port", 8000, [0, 65_535]),
  number("TOKEN_TTL_SECONDS", "tokenTtlSeconds", 900, [30, 86_400]),
  number("REFRESH_TTL_SECONDS", "refreshTtlSeconds", 2_592_000, [60, 31_536_000]),
  {
    ...number("HEARTBEAT_SECONDS", "heartbeatSeconds", 30, [1, 3_600]),
    beside: { SILENCE_SECONDS: "86400" },
  },
  {
    ...number("SILENCE_SECONDS", "silenceSeconds", 120, [2, 86_400]),
    beside: { HEARTBEAT_SECONDS: "1" },
  },
  number("EMAIL_DELAY_SECONDS", "emailDelaySeconds", 300, [0, 86_400]),
  number("PUSH_DELAY_SECONDS", "pushDelaySeconds", 10, [0, 86_400]),
  {
    name: "PUBLIC_URL",
    field: "publicUrl",
    unset: "http://localhost:8000",
    right: [["https://chat.example/", "https://chat.example"], [
      "http://10.0.0.1:81",
      "http://10.0.0.1:81",
    ]],
    wrong: ["chat.example", "ftp://chat.example", "https://"],
    expected: "an http or https URL",
  },
  {
    name: "DATABASE_URL",
    field: "databaseUrl",
    unset: undefined,
    right: ["postgres://u:p@db:5432/parley", "postgresql://db/parley"].map((url) => [url, url]),
    wrong: ["mysql://db/parley", "db:5432", "postgres"],
    expected: "postgres://user:password@host:port/database",
  },
  {
    name: "DATA_DIR",
    field: "dataDir",
    unset: "./data",
    right: [["/var/lib/parley", "/var/lib/parley"]],
    wrong: [],
    expected: "",
  },
  {
    name: "ALLOWED_ORIGINS",
    field: "allowedOrigins",
    unset: [],
    right: [
      ["https://a.example", ["https://a.example"]],
      [" https://a.example , http://b.example:81,", ["https://a.example", "http://b.example:81"]],
    ],
    wrong: [
      "*",
      "a.example",
      "https://a.example/",
      "https://a.example/path",
      "https://a.example,b",
    ],
    expected: "origins such as https://a.example, comma-separated",
  },
  {
    name: "INBOX_TABS",
    field: "inboxTabs",
    unset: [],
    right: [
      ["male:Men, female:Women", [
        { value: "male", label: "Men" },
        { value: "female", label: "Women" },
      ]],
      ["stay:Stay: long", [{ value: "stay", label: "Stay: long" }]],
    ],
    wrong: ["Men", "male:", ":Men", "male:Men,Women"],
    expected: "value:Label pairs, comma-separated",
  },
  {
    name: "PUSH_SERVICES",
    field: "pushServices",
    unset: [
      "fcm.googleapis.com",
      "push.services.mozilla.com",
      "notify.windows.com",
      "push.apple.com",
    ],
    right: [
      ["Push.example, push-2.example", ["push.example", "push-2.example"]],
      ["localhost:8443", ["localhost:8443"]],
    ],
    wrong: ["https://push.example", "push.example/x", "*.push.example", "push.example:", ","],
    expected: "host names, comma-separated",
  },
  {
    name: "RATE_LIMIT_SCALE",
    field: "rateLimitScale",
    unset: 1,
    right: [["0.5", 0.5], ["1000", 1000]],
    wrong: ["0", "-1", "fast", "Infinity", "NaN"],
    expected: "a number above 0",
  },
  {
    name: "TRUSTED_PROXIES",
    field: "trustedProxies",
    unset: undefined,
    right: [
      ["none", []],
      ["10.0.0.0/8, 203.0.113.9", ["10.0.0.0/8", "203.0.113.9/32"]],
      ["2001:db8::/32,2001:db8::1", ["2001:db8::/32", "2001:db8::1/128"]],
      ["::/0", ["::/0"]],
    ],
    wrong: [
      ...["10.0.0.0/33", "2001:db8::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "proxy.example"],
      ...["none, 10.0.0.0/8", "10.0.0.0/8 203.0.113.9", "fe80::1%eth0", "[::1]", "203.0.113.9:80"],
    ],
    expected: "addresses or ranges such as 10.0.0.0/8, comma-separated, or none",
  },
  {
    name: "LOG_LEVEL",
    field: "logLevel",
    unset: "info",
    right: ["debug", "info", "warn", "error"].map((level) => [level, level]),
    wrong: ["verbose", "INFO"],
    expected: "one of debug, info, warn, error",
  },
  {
    name: "LOCAL_ACCOUNTS",
    field: "localAccounts",
    unset: true,
    right: [["true", true], ["false", false]],
    wrong: ["yes", "1", "TRUE"],
    expected: "one of true, false",
  },
];

for (const { name, field, unset, right, wrong, expected, beside } of settings) {
  Deno.test(`${name} has a default, takes what is right, and names what is wrong`, () => {
    for (const empty of [{}, { [name]: "" }, { [name]: "  " }]) {
      assert.deepEqual(read(empty)[field], unset);
    }
    for (const [given, taken] of right) {
      assert.deepEqual(read({ ...beside, [name]: given })[field], taken);
    }
    for (const given of wrong) {
      assert.equal(
        refusal(() => read({ [name]: given })),
        `${name} is ${JSON.stringify(given)}: expected ${expected}`,
      );
    }
  });
}

Deno.test("METRICS_TOKEN is long, and is not told when it is wrong", () => {
  assert.equal(read().metricsToken, undefined);
  const right = "x".repeat(24);
  assert.equal(read({ METRICS_TOKEN: right }).metricsToken, right);
  for (const wrong of ["x".repeat(23), `${right} ${right}`, `${right}ü`]) {
    const message = refusal(() => read({ METRICS_TOKEN: wrong }));
    assert.match(message, /^METRICS_TOKEN has \d+ characters: expected 24 or more, without spaces/);
    assert.ok(!message.includes("xxx"));
  }
});

Deno.test("HOST is this machine alone in development, and all addresses in production", () => {
  assert.equal(read({}, "development").host, "127.0.0.1");
  assert.equal(read({}, "production").host, "0.0.0.0");
  assert.equal(read({ HOST: "::1" }).host, "::1");
});

Deno.test("PUBLIC_URL follows the port where it is left out", () => {
  assert.equal(read({ PORT: "9000" }).publicUrl, "http://localhost:9000");
});

Deno.test("development makes up a secret, another one each time", () => {
  const one = readConfig({}, "development");
  const other = readConfig({}, "development");
  assert.equal(one.localAccounts, true);
  assert.ok(one.jwtSecret && one.jwtSecret.length >= 32);
  assert.notEqual(one.jwtSecret, other.jwtSecret);
});

Deno.test("production does not start without a secret or the platform's keys", () => {
  const message = refusal(() => readConfig({}, "production"));
  assert.match(message, /^JWT_SECRET is missing: expected a secret of 32 bytes or more/);
  assert.match(message, /openssl rand -base64 48/);
  assert.match(message, /JWKS_URL/);
});

Deno.test("a secret is counted in bytes, and one that is too short is not repeated", () => {
  for (const mode of ["development", "production"] as const) {
    const message = refusal(() => readConfig({ JWT_SECRET: "too-short-a-secret" }, mode));
    assert.match(message, /^JWT_SECRET has 18 bytes: expected 32 or more/);
    assert.ok(!message.includes("too-short-a-secret"));
  }
  const umlauts = "ä".repeat(16);
  assert.equal(readConfig({ JWT_SECRET: umlauts }, "production").jwtSecret, umlauts);
});

Deno.test("a password in an address is not repeated", () => {
  for (
    const url of [
      "mysql://parley:hunter2@db/parley",
      "mysql://parley:hunt@er2@db/parley",
      "parley:hunter2@db/parley",
    ]
  ) {
    const message = refusal(() => read({ DATABASE_URL: url }));
    assert.match(message, /^DATABASE_URL is ".*parley:\*\*\*@db\/parley": expected postgres:/);
    assert.ok(!message.includes("er2"));
  }
});

Deno.test("the platform's keys need issuer and audience, and end local accounts by default", () => {
  const jwks = {
    JWKS_URL: "https://id.example/jwks.json",
    JWT_ISSUER: "https://id.example",
    JWT_AUDIENCE: "parley",
  };
  const config = readConfig(jwks, "production");
  assert.deepEqual(
    [config.jwksUrl, config.jwtIssuer, config.jwtAudience],
    Object.values(jwks),
  );
  assert.deepEqual([config.localAccounts, config.jwtSecret], [false, undefined]);

  for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"]) {
    assert.match(
      refusal(() => readConfig({ ...jwks, [name]: "" }, "production")),
      /^JWKS_URL is set: expected JWT_ISSUER and JWT_AUDIENCE too/,
    );
  }
  assert.equal(
    refusal(() => readConfig({ ...jwks, JWKS_URL: "id.example" }, "production")),
    'JWKS_URL is "id.example": expected an http or https URL',
  );
  assert.match(
    refusal(() => readConfig({ ...jwks, LOCAL_ACCOUNTS: "true" }, "production")),
    /^LOCAL_ACCOUNTS is true: expected JWT_SECRET too/,
  );
  const both = { ...jwks, JWT_SECRET: secret, LOCAL_ACCOUNTS: "true" };
  assert.equal(readConfig(both, "production").localAccounts, true);
});

Deno.test("Redis is one server or a cluster, and needs a Postgres server beside it", () => {
  const DATABASE_URL = "postgres://db/parley";
  const redis = (REDIS_URL: string) => read({ DATABASE_URL, REDIS_URL }).redis;
  assert.equal(read().redis, undefined);
  assert.deepEqual(redis("rediss://me:secret@r:6380"), {
    urls: ["rediss://me:secret@r:6380"],
    cluster: false,
  });
  assert.deepEqual(redis("redis+cluster://me:secret@r1:7000,r2:7000"), {
    urls: ["redis://me:secret@r1:7000", "redis://me:secret@r2:7000"],
    cluster: true,
  });
  const expected =
    "expected redis://user:password@host:port, or redis+cluster://host:port,host:port";
  for (const url of ["r:6379", "http://r", "redis://", "redis://a:1,b:2", "redis://r:x"]) {
    const refused = refusal(() => redis(url));
    assert.ok(refused.startsWith("REDIS_URL is ") && refused.endsWith(expected), refused);
  }
  assert.ok(!refusal(() => redis("redis://:secret@a:1,b:2")).includes("secret"));
  assert.match(
    refusal(() => read({ REDIS_URL: "redis://r" })),
    /^REDIS_URL is set without DATABASE_URL/,
  );
});

/** The names of all that is read from the environment. */
function settingsRead(): string[] {
  const names = new Set<string>();
  const env = new Proxy<Record<string, string>>({}, {
    get(_, name) {
      names.add(String(name));
      return undefined;
    },
  });
  readConfig(env, "development");
  return [...names].sort();
}

const projectFile = (path: string) =>
  Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));

Deno.test(".env.example names every setting once, with a value that is right", () => {
  const lines = [...projectFile(".env.example").matchAll(/^#?([A-Z_]+)=(.*)$/gm)];
  assert.deepEqual(lines.map(([, name = ""]) => name).sort(), settingsRead());
  const env = Object.fromEntries(lines.map(([, name, value]) => [name, value]));
  // Those that stand there empty are each installation's own.
  const keys = { VAPID_PUBLIC_KEY: "B".repeat(87), VAPID_PRIVATE_KEY: "k".repeat(43) };
  const config = readConfig({ ...env, ...keys, JWT_SECRET: secret }, "production");
  // What stands there as a default is it.
  const defaults = readConfig({}, "development");
  const examples = ["databaseUrl", "allowedOrigins", "inboxTabs", "mail", "vapid", "redis"];
  const own = ["jwtSecret", "jwksUrl", "jwtIssuer", "jwtAudience", "trustedProxies", "mode"];
  for (const [field, value] of Object.entries(defaults)) {
    if ([...examples, ...own].includes(field)) continue;
    assert.deepEqual(config[field as keyof Config], value, field);
  }
});

Deno.test("the operator's table names every setting", () => {
  const [, table = ""] = projectFile("docs/operations.md").split("\n## Settings\n");
  const rows = table.split("\n## ")[0]?.matchAll(/^\| ([A-Z][A-Z_]+(?: · [A-Z_]+)*) +\|/gm) ?? [];
  const names = [...rows].flatMap(([, names = ""]) => names.split(" · "));
  assert.deepEqual(names.sort(), settingsRead());
});

Deno.test("mail leaves by an SMTP server or by a mail service, with a sender", () => {
  const EMAIL_FROM = "Parley <parley@example.com>";
  const PUBLIC_URL = "https://parley.example";
  assert.equal(read().mail, undefined);
  assert.equal(read({ EMAIL_FROM }).mail, undefined);
  assert.deepEqual(
    read({ EMAIL_FROM, PUBLIC_URL, SMTP_URL: "smtps://u:p@mail.example:465" }).mail,
    { from: EMAIL_FROM, smtpUrl: "smtps://u:p@mail.example:465" },
  );
  assert.deepEqual(
    read({ PUBLIC_URL, EMAIL_FROM: "parley@example.com", EMAIL_SERVICE_API_KEY: "key" }).mail,
    { from: "parley@example.com", serviceKey: "key", serviceUrl: "https://api.resend.com" },
  );
  for (
    const [env, words] of [
      [{ SMTP_URL: "smtp://m" }, /^EMAIL_FROM is missing: expected a sender/],
      [
        { EMAIL_FROM, SMTP_URL: "mail.example:25" },
        /^SMTP_URL is "mail.example:25": expected smtp/,
      ],
      [{ EMAIL_FROM, SMTP_URL: "smtp://u:secret@" }, /^SMTP_URL is (?!.*secret)/],
      [{ EMAIL_FROM: "Parley <parley>", SMTP_URL: "smtp://m" }, /^EMAIL_FROM is "Parley <parley>"/],
      [{ EMAIL_FROM: "a@b\nBcc: c@d", SMTP_URL: "smtp://m" }, /^EMAIL_FROM is/],
      [{ EMAIL_FROM, SMTP_URL: "smtp://m" }, /^PUBLIC_URL is missing/],
      [{ EMAIL_FROM, SMTP_URL: "smtp://m", EMAIL_SERVICE_API_KEY: "key" }, /are both set/],
    ] as const
  ) assert.match(refusal(() => read(env)), words);
});

Deno.test("web push has both keys and a subject, or is off", () => {
  const keys = { VAPID_PUBLIC_KEY: "B".repeat(87), VAPID_PRIVATE_KEY: "k".repeat(43) };
  const VAPID_SUBJECT = "mailto:operator@example.com";
  assert.equal(read().vapid, undefined);
  assert.deepEqual(read({ ...keys, VAPID_SUBJECT }).vapid, {
    publicKey: keys.VAPID_PUBLIC_KEY,
    privateKey: keys.VAPID_PRIVATE_KEY,
    subject: VAPID_SUBJECT,
  });
  for (
    const [env, words] of [
      [keys, /^VAPID_SUBJECT is missing/],
      [{ VAPID_PUBLIC_KEY: keys.VAPID_PUBLIC_KEY, VAPID_SUBJECT }, /^VAPID_PRIVATE_KEY is missing/],
      [
        { VAPID_PRIVATE_KEY: keys.VAPID_PRIVATE_KEY, VAPID_SUBJECT },
        /^VAPID_PUBLIC_KEY is missing/,
      ],
      [
        { ...keys, VAPID_PUBLIC_KEY: "short", VAPID_SUBJECT },
        /^VAPID_PUBLIC_KEY has 5 characters: expected 87/,
      ],
      [{ ...keys, VAPID_SUBJECT: "operator@example.com" }, /^VAPID_SUBJECT is/],
    ] as const
  ) assert.match(refusal(() => read(env)), words);
});

Deno.test("silence is longer than the time between two heartbeats", () => {
  assert.equal(
    refusal(() => read({ HEARTBEAT_SECONDS: "60", SILENCE_SECONDS: "60" })),
    'SILENCE_SECONDS is "60": expected more than HEARTBEAT_SECONDS (60)',
  );
});

Deno.test("the platform's issuer is not ours", () => {
  assert.match(refusal(() => read({ JWT_ISSUER: "parley" })), /^JWT_ISSUER is "parley": expected/);
});
