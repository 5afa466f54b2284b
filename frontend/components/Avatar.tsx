import { useState } from "preact/hooks";
import { initialsOf, shadeOf } from "../lib/people.ts";

const shades = 10;

interface AvatarProps {
  id: string;
  name: string;
  url: string | null;
  size?: "small" | "medium" | "large";
  /** Shows the presence dot; left out where presence means nothing. */
  online?: boolean;
}

/** A member's picture, or their initials on a colour of their own. */
export function Avatar({ id, name, url, size = "medium", online }: AvatarProps) {
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const hasImage = url !== null && url !== failedUrl;
  return (
    <span class={`avatar avatar-${size} shade-${shadeOf(id, shades)}`} aria-hidden="true">
      {hasImage
        ? <img src={url} alt="" loading="lazy" onError={() => setFailedUrl(url)} />
        : <span class="avatar-initials">{initialsOf(name)}</span>}
      {online && <span class="presence-dot" />}
    </span>
  );
}
