import { type Expected, mustAnswer } from "./expect.ts";

/** An input that was sent, and what it may be answered with. */
export type Answerable = Exclude<Expected, { close: number }> & { sent: string };
export type ServerFrame = { type: string; code?: string; replyTo?: string };

/**
 * Which frame answers which input.
 *
 * Where inputs share an id, or have none, an error may be any one's of them. So no frame is given to
 * an input for good: one that comes later may move it to another (a matching in a bipartite graph,
 * by augmenting paths).
 */
export class Answers {
  readonly #inputs = new Map<string | undefined, Answerable[]>();
  readonly #answerOf = new Map<Answerable, ServerFrame>();
  #due = 0;

  /** How many must be answered yet. */
  get due(): number {
    return this.#due;
  }

  expect(input: Answerable): void {
    this.#inputs.set(input.replyTo, [...this.#of(input.replyTo), input]);
    if (mustAnswer(input)) this.#due++;
  }

  /** @throws {Error} if there is nothing that it can be the answer of */
  take(frame: ServerFrame): void {
    if (this.#give(frame, mustAnswer)) this.#due--;
    else if (!this.#give(frame, (input) => !mustAnswer(input))) {
      const sent = this.#of(frame.replyTo).map((input) => input.sent.slice(0, 300));
      throw new Error(`Answers nothing: ${JSON.stringify(frame)}; sent: ${JSON.stringify(sent)}`);
    }
  }

  /** Some of those that must be answered yet. */
  waiting(): string[] {
    return [...this.#inputs.values()].flat()
      .filter((input) => mustAnswer(input) && !this.#answerOf.has(input))
      .slice(0, 3).map(({ sent }) => sent.slice(0, 300));
  }

  /**
   * Gives it to an input whose answer it can be, which may give its own to another, and so on, until
   * one had none and `mayEnd` there.
   */
  #give(
    frame: ServerFrame,
    mayEnd: (input: Answerable) => boolean,
    asked = new Set<Answerable>(),
  ): boolean {
    const fitting = this.#of(frame.replyTo).filter((input) => fits(frame, input));
    const end = fitting.find((input) => !this.#answerOf.has(input) && mayEnd(input));
    const taker = end ?? fitting.find((input) => {
      const own = this.#answerOf.get(input);
      if (own === undefined || asked.has(input)) return false;
      asked.add(input);
      return this.#give(own, mayEnd, asked);
    });
    if (taker === undefined) return false;
    this.#answerOf.set(taker, frame);
    return true;
  }

  #of(id: string | undefined): Answerable[] {
    return this.#inputs.get(id) ?? [];
  }
}

function fits(frame: ServerFrame, { answer, errors }: Answerable): boolean {
  if (frame.type !== "error") return frame.type === answer;
  return errors.includes(frame.code as never);
}
