import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { type Mail, MailRefused } from "@/utils/mail.ts";
import { createServiceMailer } from "@/utils/service_mailer.ts";

const mail: Mail = {
  to: { name: 'Weber, "Jonas"', address: "jonas@example.com" },
  subject: "Mara Lindqvist sent you a message",
  text: "Is the bicycle still there?",
  html: "<p>Is the bicycle still there?</p>",
  messageId: "delivery-1@parley.example",
  references: ["conversation-1@parley.example"],
  headers: { "List-Unsubscribe-Post": "List-Unsubscribe=One-Click" },
};

interface Call {
  path: string;
  headers: Headers;
  body: unknown;
}

/** A mail service that answers as it is told, and a mailer to it. */
function openService(answer: () => Response | Promise<Response>) {
  const calls: Call[] = [];
  const service = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname: path } = new URL(request.url);
      calls.push({ path, headers: request.headers, body: await request.json() });
      return await answer();
    },
  );
  const url = `http://127.0.0.1:${service.addr.port}`;
  const mailer = createServiceMailer(url, "a key", "Parley <messages@parley.example>");
  return {
    calls,
    mailer,
    stop: () => service.shutdown(),
    async [Symbol.asyncDispose]() {
      mailer.close();
      await service.shutdown();
    },
  };
}

Deno.test("a service gets the mail in its format, under a key that lets it know a repeat", async () => {
  await using service = openService(() => Response.json({ id: "1" }));
  await service.mailer.send(mail);
  await service.mailer.send(mail);
  const [first, second] = service.calls;
  equal(first?.path, "/emails");
  equal(first?.headers.get("authorization"), "Bearer a key");
  equal(first?.headers.get("idempotency-key"), "delivery-1@parley.example");
  equal(second?.headers.get("idempotency-key"), "delivery-1@parley.example");
  deepEqual(first?.body, {
    from: "Parley <messages@parley.example>",
    to: ['"Weber, \\"Jonas\\"" <jonas@example.com>'],
    subject: "Mara Lindqvist sent you a message",
    html: "<p>Is the bicycle still there?</p>",
    text: "Is the bicycle still there?",
    headers: {
      "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      "Message-ID": "<delivery-1@parley.example>",
      "References": "<conversation-1@parley.example>",
      "In-Reply-To": "<conversation-1@parley.example>",
    },
  });
});

for (const status of [400, 422]) {
  Deno.test(`a service that answers ${status} refuses the mail, but not the address`, async () => {
    await using service = openService(() => Response.json({ message: "No subject" }, { status }));
    await rejects(service.mailer.send(mail), (error) => {
      ok(error instanceof MailRefused);
      equal(error.recipient, false);
      match(error.message, new RegExp(`${status}.*No subject`));
      return true;
    });
  });
}

for (const status of [301, 401, 403, 404, 409, 429, 500, 503]) {
  Deno.test(`a service that answers ${status} may take the mail later`, async () => {
    const headers = { location: "/elsewhere" };
    await using service = openService(() => new Response("not now", { status, headers }));
    await rejects(service.mailer.send(mail), (error) => !(error instanceof MailRefused));
    deepEqual(service.calls.map(({ path }) => path), ["/emails"]);
  });
}

Deno.test("a mail that the service knows, and that reads otherwise now, was taken before", async () => {
  const name = "invalid_idempotent_request";
  await using service = openService(() => Response.json({ name }, { status: 409 }));
  await service.mailer.send(mail);
});

Deno.test("a service that is away may take the mail later", async () => {
  const service = openService(() => new Response());
  await service.stop();
  await rejects(service.mailer.send(mail), (error) => !(error instanceof MailRefused));
});

Deno.test("of an answer without end only the beginning is read", async () => {
  let cancelled = false;
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(120)),
      cancel: () => {
        cancelled = true;
      },
    });
  await using service = openService(() => new Response(endless(), { status: 500 }));
  await rejects(service.mailer.send(mail), (error) => (error as Error).message.length < 5_000);
  while (!cancelled) await new Promise((resolve) => setTimeout(resolve, 5));
});

for (const address of ["", "jonas", "a@x.example, b@x.example", "a@x.example>, <b@x.example"]) {
  Deno.test(`the address ${JSON.stringify(address)} is refused without asking the service`, async () => {
    await using service = openService(() => Response.json({ id: "1" }));
    const sending = service.mailer.send({ ...mail, to: { name: "Jonas", address } });
    await rejects(sending, (error) => error instanceof MailRefused && error.recipient);
    deepEqual(service.calls, []);
  });
}
