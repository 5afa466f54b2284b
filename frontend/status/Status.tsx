import type { ComponentChildren } from "preact";
import { phase } from "../state/session.ts";
import { Instance } from "./Instance.tsx";
import { answers, isNobodysHere, trouble } from "./state.ts";

export function Status() {
  return (
    <main>
      <header>
        <h1>Status</h1>
        {answers.value.length > 0 && (
          <p class={trouble.value === null ? "live" : "live lost"}>
            {trouble.value === null ? "Live" : "Not answering"}
          </p>
        )}
      </header>
      <div role="status">
        {trouble.value !== null && (
          <p class="trouble">
            {trouble.value} Trying again.
            {answers.value.length > 0 && " Below is what was known last."}
          </p>
        )}
      </div>
      <Content />
    </main>
  );
}

function Content() {
  if (phase.value === "signedOut") {
    return (
      <Message title="Nobody is signed in">
        <a href="/login">Sign in</a> as an admin, then come back to this page.
      </Message>
    );
  }
  if (isNobodysHere.value) {
    return (
      <Message title="There is nothing here">
        <a href="/messages">To your messages</a>
      </Message>
    );
  }
  if (answers.value.length === 0) return trouble.value === null ? <Loading /> : null;
  return (
    <>
      {answers.value.map(({ result }) => (
        <Instance key={result.instanceId} status={result} isOneOfMany={answers.value.length > 1} />
      ))}
    </>
  );
}

function Message({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="message">
      <h2>{title}</h2>
      <p>{children}</p>
    </section>
  );
}

function Loading() {
  return (
    <div class="cards" aria-busy="true" aria-label="Loading">
      {Array.from({ length: 8 }, (_, n) => <div key={n} class="card waiting" />)}
    </div>
  );
}
