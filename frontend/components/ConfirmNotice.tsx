import { config } from "../config.ts";
import { putOff, putOffConfirming, resendMail, resent } from "../state/email.ts";
import { paths, route } from "../state/router.ts";
import { self } from "../state/session.ts";
import { Icon } from "./Icon.tsx";

/** Reminds, above the list, of an address that waits to be confirmed. */
export function ConfirmNotice() {
  const address = self.value?.pendingEmail ?? null;
  const isSaid = address === null || address === putOff.value || route.value.name === "settings";
  if (!config.localAccounts || isSaid) return null;
  return (
    <section class="confirm-notice" aria-label="Your email address">
      <p>
        <strong>Confirm your address</strong> We have sent a mail to <bdi>{address}</bdi>.
      </p>
      <button type="button" class="icon-button" aria-label="Not now" onClick={putOffConfirming}>
        <Icon name="close" />
      </button>
      <p class="confirm-actions">
        <button type="button" class="link-button" onClick={resendMail}>Send again</button>
        <a class="link-button" href={paths.settings}>Change address</a>
      </p>
      <p role="status" class="confirm-outcome">{resent.value?.text}</p>
    </section>
  );
}
