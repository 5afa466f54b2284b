import type { TargetedKeyboardEvent, TargetedUIEvent } from "preact";
import { useRef } from "preact/hooks";
import { limits } from "@/chat/protocol.ts";
import { config } from "../config.ts";
import {
  chooseTab,
  conversations,
  hasMore,
  isListed,
  isListLoading,
  listError,
  loadInbox,
  retryList,
  search,
  searchResult,
  searchText,
  tab,
} from "../state/conversations.ts";
import { later } from "../state/later.ts";
import { AccountMenu } from "./AccountMenu.tsx";
import { Bell } from "./Bell.tsx";
import { ConversationRow } from "./ConversationRow.tsx";
import { Icon } from "./Icon.tsx";
import { Mark } from "./Mark.tsx";
import { Notice } from "./Notice.tsx";
import { PersonRow } from "./PersonRow.tsx";
import { ListSkeleton } from "./Skeleton.tsx";
import { useFlip } from "./useFlip.ts";

/** So close to its end the list fetches more, in pixels. */
const edge = 400;

/** The list of conversations: search, tabs, rows. */
export function Inbox() {
  const ConfirmNotice = later.value?.ConfirmNotice;
  return (
    <nav class="inbox" aria-label="Conversations">
      <header class="inbox-header">
        <Mark size={30} />
        <h1>Messages</h1>
        <Bell />
        <AccountMenu />
      </header>
      <Search />
      {config.tabs.length > 0 && searchText.value.trim() === "" && <Tabs />}
      {ConfirmNotice && <ConfirmNotice />}
      <List />
    </nav>
  );
}

function Search() {
  return (
    <label class="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        placeholder="Search people and subjects"
        aria-label="Search people and subjects"
        autocomplete="off"
        enterkeyhint="search"
        maxLength={limits.queryLength}
        value={searchText.value}
        onInput={(event) => search(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || searchText.value === "") return;
          event.preventDefault();
          search("");
        }}
      />
      {searchText.value !== "" && (
        <button
          type="button"
          class="icon-button"
          aria-label="Clear the search"
          onClick={() => search("")}
        >
          <Icon name="close" />
        </button>
      )}
    </label>
  );
}

function Tabs() {
  const all = { value: null, label: "All" };
  return (
    <div class="tabs" role="group" aria-label="Show">
      {[all, ...config.tabs].map(({ value, label }) => (
        <button
          type="button"
          key={value}
          aria-pressed={tab.value === value}
          onClick={() => chooseTab(value)}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function List() {
  const list = useRef<HTMLDivElement>(null);
  const rows = conversations.value;
  const found = searchResult.value;
  useFlip(list, rows.map(({ id }) => id).join());

  const onScroll = ({ currentTarget: area }: TargetedUIEvent<HTMLDivElement>) => {
    const left = area.scrollHeight - area.scrollTop - area.clientHeight;
    if (left < edge && hasMore.value && found === null) loadInbox();
  };

  return (
    <div class="list" ref={list} onScroll={onScroll} onKeyDown={moveFocus}>
      {listError.value !== null && !(found === null && isListed.value)
        ? <Notice title="The list could not be loaded" text={listError.value} retry={retryList} />
        : found === null && !isListed.value
        ? <ListSkeleton />
        : rows.length === 0 && (found === null || found.people.length === 0)
        ? <Nothing query={found?.query ?? null} />
        : (
          <>
            {found !== null && rows.length > 0 && <h2 class="list-title">Conversations</h2>}
            <ul>{rows.map((view) => <ConversationRow key={view.id} view={view} />)}</ul>
            {found !== null && found.people.length > 0 && (
              <>
                <h2 class="list-title">People</h2>
                <ul>{found.people.map((one) => <PersonRow key={one.id} person={one} />)}</ul>
              </>
            )}
            {isListLoading.value && <span class="spinner list-more" />}
            {listError.value !== null && (
              <p class="list-more" role="alert">
                {listError.value}
                <button type="button" class="link-button" onClick={retryList}>Try again</button>
              </p>
            )}
          </>
        )}
    </div>
  );
}

function Nothing({ query }: { query: string | null }) {
  if (query !== null) {
    return <Notice title="Nothing found" text={`No conversation or person matches “${query}”.`} />;
  }
  if (tab.value !== null) {
    return <Notice title="Nothing here yet" text="Conversations of this kind will show up here." />;
  }
  return (
    <Notice
      title="No conversations yet"
      text="Find somebody by name and write the first message."
      hasArt
    >
      <button
        type="button"
        class="button is-primary"
        onClick={() => document.getElementById("search")?.focus()}
      >
        Find people
      </button>
    </Notice>
  );
}

/** The arrow keys walk through the rows. */
function moveFocus(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step === undefined) return;
  const links = [...event.currentTarget.querySelectorAll<HTMLElement>("li a")];
  const index = links.findIndex((link) => link === document.activeElement);
  const next = links[Math.max(0, index + step)];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
}
