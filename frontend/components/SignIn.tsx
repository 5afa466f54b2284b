import type { ComponentChildren } from "preact";
import { config } from "../config.ts";
import { paths, signInPath } from "../state/router.ts";
import { login, register } from "../state/session.ts";
import { Avatar } from "./Avatar.tsx";
import { Field, FormError } from "./Field.tsx";
import { Mark } from "./Mark.tsx";
import { useSubmit } from "./useSubmit.ts";

export function Login() {
  const { failure, isBusy, run, onSubmit } = useSubmit(({ login: name = "", password = "" }) =>
    login(name, password)
  );
  return (
    <Frame title="Welcome back" text="Sign in to read and write your messages.">
      {config.demoMembers && config.demoPassword && (
        <section class="demo" aria-label="Demo members">
          <p>Try it as one of the demo members:</p>
          <div class="demo-members">
            {config.demoMembers.map(({ username, displayName }) => (
              <button
                type="button"
                key={username}
                disabled={isBusy}
                onClick={() => run({ login: username, password: config.demoPassword ?? "" })}
              >
                <Avatar of={{ username, displayName }} size="small" />
                <span>{displayName}</span>
              </button>
            ))}
          </div>
          <p class="or">
            <span>or with your account</span>
          </p>
        </section>
      )}
      <form onSubmit={onSubmit} noValidate>
        <FormError failure={failure} />
        <Field
          name="login"
          label="Username or email"
          autocomplete="username"
          failure={failure}
        />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          failure={failure}
        />
        <button type="submit" class="button is-primary is-wide" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
      <p class="sign-other">
        New here? <a href={signInPath(paths.register)}>Create an account</a>
      </p>
    </Frame>
  );
}

export function Register() {
  const { failure, isBusy, onSubmit } = useSubmit(
    ({ username = "", displayName = "", email, password = "" }) =>
      register({ username, displayName, email, password }),
  );
  return (
    <Frame
      title="Create your account"
      text={config.emailAvailable
        ? "A name, an address, a password. That is all."
        : "A name and a password. That is all."}
    >
      <form onSubmit={onSubmit} noValidate>
        <FormError failure={failure} />
        <Field
          name="displayName"
          label="Your name"
          autocomplete="name"
          failure={failure}
        />
        <Field
          name="username"
          label="Username"
          autocomplete="username"
          hint="Letters, digits, dots and dashes; others find you by it."
          failure={failure}
        />
        {config.emailAvailable && (
          <Field
            name="email"
            label="Email"
            type="email"
            autocomplete="email"
            failure={failure}
          />
        )}
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="new-password"
          hint="At least 10 characters."
          failure={failure}
        />
        <button type="submit" class="button is-primary is-wide" disabled={isBusy}>
          {isBusy ? "Creating…" : "Create account"}
        </button>
      </form>
      <p class="sign-other">
        Already a member? <a href={signInPath(paths.login)}>Sign in</a>
      </p>
    </Frame>
  );
}

/** Where members come with the platform's own sign-in, and have not. */
export function SignInElsewhere() {
  return (
    <Frame
      title="Sign in at the site"
      text="Your messages are part of the site that brought you here. Sign in there, then come back."
    >
      <button type="button" class="button is-wide" onClick={() => location.reload()}>
        Try again
      </button>
    </Frame>
  );
}

function Frame(
  { title, text, children }: { title: string; text: string; children: ComponentChildren },
) {
  return (
    <main class="sign">
      <div class="sign-card">
        <Mark size={52} />
        <h1>{title}</h1>
        <p class="sign-text">{text}</p>
        {children}
      </div>
    </main>
  );
}
