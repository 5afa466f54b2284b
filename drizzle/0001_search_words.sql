DROP INDEX "users_search";--> statement-breakpoint
CREATE INDEX "users_search" ON "users" USING gin (to_tsvector('simple', translate("display_name" || ' ' || "username", '.-_/@:+&<>', '          ')));