import { NatsConnection, stream } from "../../peers/nats/connection.ts";
import type { Ear, Place, Wire } from "../wire.ts";

/**
 * A member who publishes to their peer and hears what is published to them from a push consumer.
 * A message is its client id, a space and its content.
 */
export class NatsWire implements Wire {
  readonly #nats: NatsConnection;
  readonly #acknowledgements: string;
  #consumer = "";

  constructor(private readonly place: Place, ear: Ear) {
    this.#acknowledgements = `acknowledged.${place.account.id}`;
    this.#nats = new NatsConnection(place.url, (why) => ear.closed(why));
    this.#join(ear).catch((error) => ear.closed(String(error)));
  }

  write(clientId: string, content: string): void {
    const { conversationId, peerId } = this.place;
    this.#nats.publish(
      subjectOf(conversationId, peerId),
      `${clientId} ${content}`,
      `${this.#acknowledgements}.${clientId}`,
    );
  }

  mark(): void {
    throw new Error("The NATS peer knows no marks");
  }

  async close(): Promise<void> {
    await this.#nats.ask(`$JS.API.CONSUMER.DELETE.${stream}.${this.#consumer}`, "");
    this.#nats.close();
  }

  async #join(ear: Ear): Promise<void> {
    const { account, conversationId } = this.place;
    await this.#nats.opened;
    this.#nats.subscribe(`${this.#acknowledgements}.*`, (subject, payload) => {
      if (payload.includes('"error"')) return ear.refused(payload);
      ear.acknowledged(subject.slice(subject.lastIndexOf(".") + 1));
    });
    const deliveries = `delivered.${account.id}`;
    this.#nats.subscribe(deliveries, (_, payload) => {
      const space = payload.indexOf(" ");
      ear.received(payload.slice(0, space), payload.slice(space + 1));
    });
    const { name } = await this.#nats.ask<{ name: string }>(`$JS.API.CONSUMER.CREATE.${stream}`, {
      stream_name: stream,
      config: {
        deliver_subject: deliveries,
        filter_subject: subjectOf(conversationId, account.id),
        deliver_policy: "new",
        ack_policy: "none",
        mem_storage: true,
      },
    });
    this.#consumer = name;
    ear.joined(0);
  }
}

/** Of what is written to a member in a conversation. */
function subjectOf(conversationId: string, recipientId: string): string {
  return `${stream}.${conversationId}.${recipientId}`;
}
