/** Accounts in D1, as their owners see them. */
import { toDay } from "./holds.ts";

export interface Account {
  id: string;
  name: string;
  email: string | null;
  /** A word of plans.ts, or one that it does not know. */
  plan: string;
  points: number;
  /** Free conversions used today (UTC), those of jobs that have not ended included. */
  usedToday: number;
  /** Conversions that succeeded, ever. */
  totalConversions: number;
  /** Milliseconds since 1970. */
  createdAt: number;
}

export function findAccount(db: D1Database, id: string): Promise<Account | null> {
  return db
    .prepare(
      `SELECT id, name, email, plan, points, iif(daily_day = ?2, daily_used, 0) AS usedToday,
              total_conversions AS totalConversions, created_at AS createdAt
         FROM accounts WHERE id = ?1`,
    )
    .bind(id, toDay(Date.now()))
    .first<Account>();
}
