/**
 * Who is online, on whatever instance. An instance that ends without a word stops counting by
 * itself once it has not beaten for a while.
 */
export interface Presence {
  /** The member's first connection on this instance. @returns whether they are elsewhere too */
  arrive(userId: string): Promise<boolean>;
  /**
   * The member's last connection on this instance went.
   *
   * @returns whether they are elsewhere; undefined if that cannot be told now: to be called again
   */
  leave(userId: string): Promise<boolean | undefined>;
  /** Which of these members are online. */
  online(userIds: string[]): Promise<Set<string>>;
  /** Which of these members were active of late on another instance: used the page, not only had it. */
  active(userIds: string[]): Promise<Set<string>>;
  /**
   * To be called every few seconds: says that this instance lives.
   *
   * @param active the members who use the page here
   * @returns members who went offline with an instance that no longer does; told to one caller only
   */
  beat(active: string[]): Promise<string[]>;
  /** This instance ends: its members leave. @returns those who thereby went offline */
  close(): Promise<string[]>;
}
