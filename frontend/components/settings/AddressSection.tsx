import { useState } from "preact/hooks";
import type { Self } from "@/chat/protocol.ts";
import { config } from "../../config.ts";
import { changeEmail, resendMail, resent } from "../../state/email.ts";
import { self } from "../../state/session.ts";
import { Field, FormError } from "../Field.tsx";
import { useSubmit } from "../useSubmit.ts";
import { Remark, Section } from "./Setting.tsx";

/** The address of an account of ours: which it is, how it stands with it, and changing it. */
export function AddressSection() {
  const [isChanging, setChanging] = useState(false);
  const member = self.value;
  if (!config.localAccounts || !config.emailAvailable || member === null) return null;
  return (
    <Section title="Email address">
      <Addresses member={member} />
      {isChanging ? <ChangeForm close={() => setChanging(false)} /> : (
        <div class="setting-actions">
          {member.pendingEmail !== null && (
            <button type="button" class="quiet-button" onClick={resendMail}>
              Send the mail again
            </button>
          )}
          <button type="button" class="quiet-button" onClick={() => setChanging(true)}>
            {member.email === null && member.pendingEmail === null ? "Add" : "Change"} address
          </button>
        </div>
      )}
      <div role="status">
        {resent.value && <Remark isError={resent.value.isError}>{resent.value.text}</Remark>}
      </div>
    </Section>
  );
}

function Addresses({ member: { email, pendingEmail, emailRefused } }: { member: Self }) {
  return (
    <>
      {email !== null && (
        <Address
          address={email}
          state={emailRefused
            ? "Mail to this address is refused, so none is sent."
            : pendingEmail === null
            ? "Confirmed"
            : "In use until you confirm the new one"}
          isBad={emailRefused}
        />
      )}
      {pendingEmail !== null && (
        <Address
          address={pendingEmail}
          state="Not confirmed yet: open the link in the mail we sent there."
        />
      )}
      {email === null && pendingEmail === null && <Remark>Your account has no address.</Remark>}
    </>
  );
}

function Address(
  { address, state, isBad = false }: { address: string; state: string; isBad?: boolean },
) {
  return (
    <p class="setting">
      <span class="setting-text">
        <bdi>{address}</bdi>
        <small class={isBad ? "is-error" : undefined}>{state}</small>
      </span>
    </p>
  );
}

function ChangeForm({ close }: { close(): void }) {
  const { failure, isBusy, onSubmit } = useSubmit(async ({ email = "", password = "" }) => {
    await changeEmail(email, password);
    close();
  });
  return (
    <form class="setting-form" onSubmit={onSubmit} noValidate>
      <FormError failure={failure} />
      <Field
        name="email"
        label="New address"
        type="email"
        autocomplete="email"
        failure={failure}
      />
      <Field
        name="password"
        label="Your password"
        type="password"
        autocomplete="current-password"
        failure={failure}
      />
      <div class="setting-form-actions">
        <button type="submit" class="button is-primary" disabled={isBusy}>
          {isBusy ? "Saving…" : "Save address"}
        </button>
        <button type="button" class="button is-quiet" onClick={close}>Cancel</button>
      </div>
    </form>
  );
}
