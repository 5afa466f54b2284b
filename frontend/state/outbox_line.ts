/** A message written here that the server has not confirmed yet. */
export interface OutboxLine {
  readonly clientId: string;
  /** Where it goes; a first message names its recipient instead. */
  readonly conversationId?: string;
  readonly recipientId?: string;
  readonly content: string;
  readonly createdAt: string;
  /** Why the server refused it; it waits for the member then. */
  readonly failure?: string;
}
