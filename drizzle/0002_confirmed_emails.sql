ALTER TABLE "users" ADD COLUMN "email_pending" text;--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "email_asked_id" uuid;