-- Why a try was made, and why at this target, in words. Of rows from before nobody knows.

ALTER TABLE ledger ADD COLUMN decision TEXT NOT NULL DEFAULT '';
