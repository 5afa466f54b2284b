/**
 * Starts that must fail: each in one line that says what is wrong, and with nothing changed.
 *
 * @module
 */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import postgres from "postgres";
import { makeCertificate } from "../support/certificate.ts";
import { type Checkout, makeCheckout } from "../support/checkout.ts";
import { createTestDatabase, startPostgres, testPostgresUrl } from "../support/postgres.ts";
import { startProgram } from "../support/process.ts";
import { canMount, mountSmallDisk } from "../support/small_disk.ts";

const env = { JWT_SECRET: "a secret for tests, long enough to be taken" };
/** Where the database is another one than the tests' own Postgres, or is none. */
const ignore = testPostgresUrl === undefined;

/** Asserts that `migrate`, which opens as `start` does, ends with this line and nothing else. */
async function assertRefuses(
  given: Record<string, string>,
  line: RegExp,
  checkout?: Checkout,
): Promise<void> {
  const settings = { ...env, ...given };
  await using program = checkout?.start("migrate", settings) ?? startProgram("migrate", settings);
  assert.equal(await program.exited, 1, JSON.stringify(program.output()));
  const { stdout, stderr } = program.output();
  assert.match(stderr, line);
  assert.match(stderr, /^[^\n]+\n$/);
  assert.equal(stdout, "");
  assert.ok(!stderr.includes("hunter2"), "No password is told");
}

async function assertMigrates(given: Record<string, string>, checkout?: Checkout): Promise<void> {
  const settings = { ...env, ...given };
  await using program = checkout?.start("migrate", settings) ?? startProgram("migrate", settings);
  assert.equal(await program.exited, 0, JSON.stringify(program.output()));
}

/** The same address as somebody else, and with other things changed. */
function urlAs(url: string, username: string, change: Partial<URL> = {}): string {
  return Object.assign(new URL(url), { username, password: "hunter2", ...change }).href;
}

Deno.test({
  name: "a Postgres that lets nobody in is told with its own reason",
  ignore,
  async fn(t) {
    const server = await startPostgres();
    const admin = postgres(server.url, { max: 1, onnotice: () => {} });
    try {
      const url = await server.createDatabase();
      await admin.unsafe(`create role guest login password 'right'`);
      await admin.unsafe(`create role careful login`);
      const [{ hba_file: path }] = await admin`show hba_file` as unknown as [{ hba_file: string }];
      const trusted = await Deno.readTextFile(path);
      await Deno.writeTextFile(
        path,
        "host all guest all scram-sha-256\nhostssl all careful all trust\n" +
          `hostnossl all careful all reject\n${trusted}`,
      );
      await admin`select pg_reload_conf()`;
      const refusals: [what: string, url: string, line: RegExp][] = [
        ["a wrong password", urlAs(url, "guest"), /password authentication failed .*\(28P01\)$/m],
        ["an unknown user", urlAs(url, "nobody"), /role "nobody" does not exist \(28000\)$/m],
        [
          "a database that does not exist",
          urlAs(url, "parley", { pathname: "/nowhere" }),
          /database "nowhere" does not exist \(3D000\)$/m,
        ],
        [
          "a right that is missing",
          urlAs(url, "guest", { password: "right" }),
          /migration schema_migrations failed .* permission denied .*\(42501\)$/m,
        ],
        ["TLS that it insists on", urlAs(url, "careful"), /no encryption \(28000\)$/m],
        [
          "TLS that it does not take",
          urlAs(url, "parley", { search: "?sslmode=require" }),
          /does not answer \(ECONNRESET\): it may take no TLS$/m,
        ],
      ];
      for (const [what, given, line] of refusals) {
        await t.step(what, () => assertRefuses({ DATABASE_URL: given }, line));
      }
      await t.step("a certificate of nobody's", async () => {
        const owner = await Deno.stat(path);
        const { cert, key } = makeCertificate();
        for (const [name, text] of [["server.crt", cert], ["server.key", key]] as const) {
          const file = `${dirname(path)}/${name}`;
          await Deno.writeTextFile(file, text, { mode: 0o600 });
          if (Deno.uid() === 0) await Deno.chown(file, owner.uid, owner.gid);
        }
        await admin`alter system set ssl = on`;
        await admin`select pg_reload_conf()`;
        const strict = urlAs(url, "careful", { search: "?sslmode=verify-full" });
        await assertRefuses({ DATABASE_URL: strict }, /self-signed certificate/);
        const lax = urlAs(url, "parley", { search: "?sslmode=require" });
        await assertMigrates({ DATABASE_URL: lax });
      });
    } finally {
      await admin.end();
      await server.stop();
    }
  },
});

Deno.test("a host that is not there, or never answers, is not waited for without end", async () => {
  const silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = silent.addr as Deno.NetAddr;
  await Promise.all([
    assertRefuses(
      { DATABASE_URL: "postgres://parley:hunter2@parley.invalid/parley" },
      /^Cannot start: the database of DATABASE_URL does not answer \((ENOTFOUND|EAI_AGAIN)\)$/m,
    ),
    assertRefuses(
      { DATABASE_URL: `postgres://parley:hunter2@127.0.0.1:${port}/parley` },
      /^Cannot start: the database of DATABASE_URL does not answer \(CONNECT_TIMEOUT\)$/m,
    ),
  ]);
  silent.close();
});

/** Adds a migration after all others. */
async function addMigration({ folder }: Checkout, name: string, text: string): Promise<void> {
  const journal = `${folder}/drizzle/meta/_journal.json`;
  const content = JSON.parse(await Deno.readTextFile(journal));
  content.entries = content.entries.filter(({ tag }: { tag: string }) => tag !== name);
  content.entries.push({ ...content.entries.at(-1), idx: content.entries.length, tag: name });
  await Deno.writeTextFile(journal, JSON.stringify(content));
  await Deno.writeTextFile(`${folder}/drizzle/${name}.sql`, text);
}

const places = [
  { name: "PGlite", given: () => Promise.resolve({}), ignore: false },
  {
    name: "Postgres",
    given: async () => ({ DATABASE_URL: await createTestDatabase(testPostgresUrl!) }),
    ignore,
  },
];

for (const { name, given, ignore } of places) {
  Deno.test({
    name: `a migration that fails is named, changes nothing, and works once mended (${name})`,
    ignore,
    async fn(t) {
      await using checkout = await makeCheckout();
      const settings = await given();
      await assertMigrates(settings, checkout);
      const broken = "create table later (id int);--> statement-breakpoint\nselect nonsense;";
      await addMigration(checkout, "9999_later", broken);
      await assertRefuses(
        settings,
        /^Cannot start: the migration 9999_later failed and left .*"nonsense" does not exist \(42703\)$/m,
        checkout,
      );
      // `later` is there the second time as well, were it not for the first time's end.
      await addMigration(checkout, "9999_later", broken.replace("nonsense", "1"));
      await assertMigrates(settings, checkout);
      await t.step("and who does not know it leaves the database alone", async () => {
        await using before = await makeCheckout();
        if (name === "PGlite") {
          await Deno.rename(`${checkout.folder}/data`, `${before.folder}/data`);
        }
        await assertRefuses(
          settings,
          /^Cannot start: the database is newer than this program: 1 of its migrations /m,
          before,
        );
      });
    },
  });
}

Deno.test("a damaged folder is refused and named, and nothing of it is written over", async (t) => {
  await using checkout = await makeCheckout();
  const folder = `${checkout.folder}/data/postgres`;
  await assertMigrates({}, checkout);
  const damages: [what: string, damage: () => Promise<void>][] = [
    ["PG_VERSION is gone", () => Deno.remove(`${folder}/PG_VERSION`)],
    [
      "its control file is garbage",
      () =>
        Deno.writeFile(
          `${folder}/global/pg_control`,
          crypto.getRandomValues(new Uint8Array(8_192)),
        ),
    ],
    ["its log is gone", async () => {
      await Deno.remove(`${folder}/pg_wal`, { recursive: true });
      await Deno.mkdir(`${folder}/pg_wal`);
    }],
  ];
  for (const [what, damage] of damages) {
    await t.step(what, async () => {
      const kept = `${checkout.folder}/kept`;
      await run("cp", "-a", folder, kept);
      await damage();
      const tables = await sizes(`${folder}/base`);
      await assertRefuses(
        {},
        /^Cannot start: the database in \.\/data\/postgres cannot be opened .*Backup and restore/m,
        checkout,
      );
      assert.deepEqual(await sizes(`${folder}/base`), tables);
      // As the message says: put aside, and the backup in its place.
      await Deno.remove(folder, { recursive: true });
      await Deno.rename(kept, folder);
      await assertMigrates({}, checkout);
    });
  }
});

/** The files below a folder, each with its size and when it was written. */
async function sizes(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) files.push(...await sizes(path));
    else {
      const { size, mtime } = await Deno.stat(path);
      files.push(`${path} ${size} ${mtime?.getTime()}`);
    }
  }
  return files.sort();
}

Deno.test("where DATA_DIR cannot be written, that is what is said", async (t) => {
  await using checkout = await makeCheckout();
  await t.step("a file in its place", async () => {
    await Deno.writeTextFile(`${checkout.folder}/data`, "");
    await assertRefuses({}, /^Cannot start: cannot write to DATA_DIR \.\/data: /m, checkout);
    await Deno.remove(`${checkout.folder}/data`);
  });
  if (!canMount) return console.error("Not tried: a full disk. Nothing can be mounted here");
  await t.step("a disk that is read-only", async () => {
    await using disk = await mountSmallDisk(1, { readOnly: true });
    await Deno.symlink(disk.folder, `${checkout.folder}/data`);
    await assertRefuses({}, /^Cannot start: cannot write to DATA_DIR .*Read-only/m, checkout);
    await Deno.remove(`${checkout.folder}/data`);
  });
  const isFull = /^Cannot start: cannot write to DATA_DIR .*No space left/m;
  await t.step("a disk with less room than a new database takes", async () => {
    await using disk = await mountSmallDisk(20);
    await Deno.symlink(disk.folder, `${checkout.folder}/data`);
    await assertRefuses({}, isFull, checkout);
    await Deno.remove(`${checkout.folder}/data`);
  });
  await t.step("a disk that is full, until it no longer is", async () => {
    await using disk = await mountSmallDisk(200);
    await Deno.symlink(disk.folder, `${checkout.folder}/data`);
    await assertMigrates({}, checkout);
    await disk.fill();
    await assertRefuses({}, isFull, checkout);
    await disk.free();
    await assertMigrates({}, checkout);
    await Deno.remove(`${checkout.folder}/data`);
  });
});

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
}
