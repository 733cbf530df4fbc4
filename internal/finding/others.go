package finding

var timing = []Entry{
	{
		Code: InFlight, Class: Timing,
		Title: "Still on its way",
		Cause: "These events are younger than the grace period and have not all arrived yet.",
		Hint:  "Nothing now; check again after the grace period.",
		Meaning: `A handoff takes time: seconds as a rule, up to a day when the platform retries. An event
that is younger than the grace period and has not reached the liability account is waiting, not missing. It
counts in the drift all the same, because the balance is off at this moment.`,
		Basis: `The last thing known of the event is younger than the grace period (24 hours unless you
set another), counted up to the report's as-of time.`,
		Confirm: `Run the same check tomorrow. What was in flight today must be gone from this list:
arrived, or turned into a finding.`,
		Repair: `None. If your handoff is a nightly batch, set the grace period to a little more than its
rhythm.`,
		Confused: `held: the same state past the grace period. late: it has arrived, on the other side of the
window's edge.`,
	},
	{
		Code: Late, Class: Timing,
		Title: "Event and posting on two sides of the window's edge",
		Cause: "The event lies in the window and its posting outside, or the other way round.",
		Hint:  "Treat it as a cut-off item of the period; no replay.",
		Meaning: `The event and its posting both exist and belong together. Only one of them lies in the
period you look at. In a naive comparison this makes two errors, "missing in October" and "unknown in
November", and both are false.`,
		Basis: `Matching looks beyond the window on both sides. A posting that is linked to an event
counts with that event, whatever its own date; the crossing is listed here so that the period's accounts can
be explained.`,
		Confirm: `Open the posting and compare its date with the event's. At the edge of a month, look
whether the same happened the month before.`,
		Repair: `Usually none. If the period is to be closed, accrue the listed amount; if it happens every
month, shorten the batch's rhythm or correct its date.`,
		Confused: `shifted-date: both lie in the window, on different days. not-received: there is no posting
on either side.`,
	},
	{
		Code: ShiftedDate, Class: Timing,
		Title: "Dated on another day",
		Cause: "The ERP dates these entries on another day than the platform, by a zone offset or a closing hour.",
		Hint:  "Correct the date mapping before the next period end; the amounts are right.",
		Meaning: `A sale at eight in the evening in California is booked on the next day, because the date
was taken from the UTC time. Nothing is lost and the drift is zero, but at a month's end the entry falls into
the wrong period.`,
		Basis: `Event and posting match, and the difference of their dates is explained by the zone
offset, or by a closing time after midnight, for all entries alike.`,
		Confirm: `Sort the listed events by local hour. If all lie in the last hours of the day, and the
number of hours equals your distance from UTC, it is the zone.`,
		Repair: `Send the shop's local date, or let the ERP convert with its own zone. Rebook only those
that cross a closed period.`,
		Confused: `late: the window's edge lies between the two. A polling window computed in the wrong zone
loses events; that is not-received with an hour band as the shared attribute.`,
	},
}

var benignShapes = []Entry{
	{
		Code: Netted, Class: BenignShape,
		Title: "Hold and release that cancel out",
		Cause: "A debit was taken and given back in the platform, and the ERP rightly shows neither.",
		Hint:  "Nothing to do.",
		Meaning: `The platform reserves a card's value at checkout and releases it when the payment fails,
the order is cancelled or the final amount is smaller. Two rows, sum zero, nothing owed to anybody, and most
integrations forward neither.`,
		Basis: `The rows are tied to each other (by a reverses reference, or the same order and card with
opposite amounts, one after the other), they sum to zero, and the ERP's sum for them is zero as well.`,
		Confirm:  `Open the card's history: debit, credit, same order, minutes apart.`,
		Repair:   `None.`,
		Confused: `not-restored: the release never came. over-restored: more came back than was taken.`,
	},
	{
		Code: Batched, Class: BenignShape,
		Title: "One ERP line for many events",
		Cause: "The ERP books a day, a session or a payout in one line, and the line equals the sum of its events.",
		Hint:  "Nothing to do; ask for the batch key in the line's reference if you want quicker proof.",
		Meaning: `Tills close a session, summary syncs write a journal per day, payouts come as one sum.
Fourteen events and one line of 365.00 are not fourteen losses and one mystery.`,
		Basis: `Events and line share a batch key, or day and currency and kind (or the set of kinds,
where loads and redemptions are netted), and their sums are equal to the minor unit.`,
		Confirm: `Add up the listed events. The sum must be the line; if it is out by one event, that event
is a finding and not part of this.`,
		Repair: `None.`,
		Confused: `batch, which is a fault: the summed file was never carried over. mapping-amount: the sums
differ.`,
	},
	{
		Code: Transfer, Class: BenignShape,
		Title: "Value moved between two cards",
		Cause: "The platform moved value from one card to another; what is owed in total did not change.",
		Hint:  "Nothing to do, unless your ERP keeps a ledger per card.",
		Meaning: `A lost card is replaced, two cards are merged. One leg lowers, one raises, the sum is
zero. A ledger that keeps only the total needs no entry.`,
		Basis: `Two movements are tied by a transfer reference, have opposite amounts in one currency, and
the ERP holds both legs or neither.`,
		Confirm: `Look at both cards' histories and at the transfer reference they share.`,
		Repair: `None. Where the ERP keeps certificates per card, move the value there too, or redemptions
of the new card will not match.`,
		Confused: `repeated-load: a replacement issued without emptying the old card. A single leg without a
partner is judged like any other event.`,
	},
	{
		Code: AbsorbedDuplicate, Class: BenignShape,
		Title: "Delivered more than once, booked once",
		Cause: "The platform or the integration sent the event more than once, and the receiver recognised the repeat.",
		Hint:  "Nothing to do; this is how it should work.",
		Meaning: `Webhooks are delivered at least once, so repeats are normal. Here the receiver kept the
id, answered "already there" and booked one entry. Its log may show two successes.`,
		Basis: `More than one delivery belongs to the event and exactly one posting does.`,
		Confirm: `Look at the second delivery's answer in the log: a recognised repeat, not a second
document number.`,
		Repair: `None. If the number of repeats grows, the receiver answers too slowly and the platform
retries.`,
		Confused: `duplicate: the repeat was booked. Counting successes in a log as postings makes one of
these look like a missing entry.`,
	},
	{
		Code: Rounding, Class: BenignShape,
		Title: "Differences within the tolerance",
		Cause: "Amounts differ by no more than the tolerance per event, as rounding per line or per tax does.",
		Hint:  "Look at the sum: if all differences go one way and it grows, have the rounding corrected at its source.",
		Meaning: `A cent here and there comes from rounding tax per line on one side and per order on the
other. It is absorbed, counted and summed here, so that the drift still closes to the last minor unit.`,
		Basis: `The difference is at most the policy's tolerance, in minor units per event and never in
percent. A percentage would hide whole exchange rate errors on small amounts.`,
		Confirm: `Compare count and sum. Differences of both signs with a sum near zero are rounding. A sum
equal to the count, all of one sign, is a method.`,
		Repair: `None for single cents; write the sum off once a period. For a one-sided sum, round once,
on the order, in one system, and send that.`,
		Confused: `mapping-amount: beyond the tolerance. Currencies without decimals (JPY) have a minor unit
of one whole yen.`,
	},
	{
		Code: RepairedByHand, Class: BenignShape,
		Title: "Lost by the feed, booked by hand",
		Cause: "The event did not come through the feed, and somebody booked it by journal.",
		Hint:  "Keep these out of any replay, and look at the finding that tells why the feed lost them.",
		Meaning: `The books are right because a person noticed. The handoff was still broken for these
events, and the next ones may have no such luck.`,
		Basis: `The integration's side shows no success for the event, and a posting with source manual
(or without the feed's marks) matches it.`,
		Confirm: `Ask who booked it and how they learnt of it. Their list is often the most complete
description of the fault.`,
		Repair: `None for the books. Tell whoever replays that these ids must be left out; otherwise they
become correction-repeated.`,
		Confused: `manual-entry: a journal without any event behind it. unlogged: the feed did bring it and
its log says otherwise.`,
	},
	{
		Code: Unlogged, Class: BenignShape,
		Title: "In the ERP although the log says otherwise",
		Cause: "The feed's posting is there, and the integration's log shows no success for it.",
		Hint:  "Do not replay these; treat the log as unreliable for its time.",
		Meaning: `A log lost rows, a retry was done outside it, or a timeout was logged although the ERP had
booked. The ledger outranks the log: what is posted was forwarded.`,
		Basis: `A posting from the integration matches the event by identity, and the deliveries of the
event are missing, failed or unknown.`,
		Confirm: `Open the posting and read who created it and when; compare with the log around that time.`,
		Repair: `None for the books. If timeouts are logged as failures, make the flow ask the ERP before
it tries again, or duplicates will follow.`,
		Confused: `repaired-by-hand: a person booked it. failures-only-log: a log in which success leaves no
trace.`,
	},
	{
		Code: MatchedWithoutReference, Class: BenignShape,
		Title: "Reference lost, only one match possible",
		Cause: "The posting carries no reference to its event, and amount, time and card or order leave a single candidate.",
		Hint:  "Nothing for these; have the reference carried over, before twins make it ambiguous.",
		Meaning: `The match is sound because nothing else fits; the trace shows the rung it was made on. It
is luck, though: two equal cards sold in one minute would end it.`,
		Basis: `The identity ladder gave no match by id, reference or order with card, and exactly one
event and one posting were left for each other.`,
		Confirm: `Open a listed posting and its event, and compare amount, time and customer.`,
		Repair:  `None. Map the platform's movement or order id into the ERP's external reference.`,
		Confused: `mapping-reference: the same loss where it did harm. ambiguous-match: more than one
candidate, so no match was made.`,
	},
}

var outOfScope = []Entry{
	{
		Code: OpeningBalance, Class: OutOfScope,
		Title: "Value from before the readable history",
		Cause: "Movements of cards whose loads are older than what could be read, or that were imported with a balance.",
		Hint:  "Nothing here; agree once on the opening balance per currency at the cut-over date.",
		Meaning: `A redemption of a card that was sold last year has no load in this window. That is no
loss: the value was there before, or came with a migration. Only its opening entry could be wrong, and that is
a balance to agree, not an event to trace.`,
		Basis: `The card was created before the history begins, the movement says that it was imported, or
nothing tells when the value was loaded. gcdiag blames a missing load only where the load itself is known.`,
		Confirm: `Add up the balances at the cut-over from the platform, and compare with the one opening
entry in the ERP. A factor of 100 means that the import was in minor units.`,
		Repair: `None for single events. If the opening entry is wrong, correct it in one journal with the
cut-over list attached.`,
		Confused: `not-received: the load is known and was lost. negative-balance: the history is complete
and still does not cover the redemption.`,
	},
	{
		Code: ScopeExcluded, Class: OutOfScope,
		Title: "Left out by policy",
		Cause: "Tests, pending or cancelled movements, promotional cards, points or other companies' movements, which by policy do not count here.",
		Hint:  "Check the counts against what you expect; change the policy in connectors.yaml if they belong in.",
		Meaning: `Not everything on the platform is a liability of this company. What was left out is
counted by reason, so that nobody has to wonder where it went.`,
		Basis: `The movement's own flags (test, status, funding, unit, entity) together with "policy" and
"entities" in connectors.yaml.`,
		Confirm: `Look at the count per reason. A number that surprises you is worth one question to whoever
knows the shop: most often promotional cards, which houses treat differently.`,
		Repair: `None. If your accountants count promotional cards as liability, set "promotional: include"
and run again.`,
		Confused: `not-countable: the same movements, booked in the ERP all the same. filtered: left out by
the integration, not by your policy.`,
	},
}

var anomalies = []Entry{
	{
		Code: NegativeBalance, Class: PlatformAnomaly,
		Title: "Card spent below zero",
		Cause: "By the platform's own rows, more was taken from the card than was on it.",
		Hint:  "First check that the extract starts before the card's first load; if it does, report it to the platform's support.",
		Meaning: `The running balance of a card, computed from its own rows, goes below zero. Either the
platform let a card be used twice (two tills at one moment, the web shop and a till counting the same order),
or rows are missing from the extract.`,
		Basis: `The card's movements are added up in time order from its creation. The check is made only
where the history is readable from the card's first day.`,
		Confirm: `Open the card's own page and compare row by row. A load there that the extract lacks ends
the matter: widen the window or complete the export.`,
		Repair: `The handoff is not at fault. If it is real, the business decides who bears the loss; the
ERP's entries should follow the platform's until then.`,
		Confused: `opening-balance: the load is older than the history. broken-balance-chain: the platform's
own balances show that rows are missing.`,
	},
	{
		Code: BrokenBalanceChain, Class: PlatformAnomaly,
		Title: "Balances after each row do not follow",
		Cause: "The balance that the platform writes after each row does not follow from the row before, so a row is missing or was changed.",
		Hint:  "Export these cards again without filters; if the hole stays, ask the platform for the missing movement.",
		Meaning: `Every row says what the balance was afterwards. Where one row's balance plus the next
amount is not the next balance, something happened in between that has no row.`,
		Basis: `"balance_after" is checked along each card in time order, as a checksum only; amounts are
never derived from it.`,
		Confirm: `Look at the card's history around the break for an edit by hand, a merge, or a filter in
your export that drops a type.`,
		Repair: `Complete the export and run again. If the platform moved value without a row, that value
has no feed: treat it as no-feed.`,
		Confused: `balance-differs: the rows follow each other and the card's present balance is another one.
Rows with equal times can stand in either order and are not reported.`,
	},
	{
		Code: BalanceDiffers, Class: PlatformAnomaly,
		Title: "Balance differs from the card's own rows",
		Cause: "The card's balance is not the sum of its movements, so value moved without a transaction behind it.",
		Hint:  "Ask who or what edits balances (an app, a tax plugin, a person), and have such edits made as movements.",
		Meaning: `The card says 0.00 and its transactions leave 35.00. A comparison of balances would blame
the ERP, which is right by the transactions. The platform changed a balance directly.`,
		Basis: `The card list's balance is compared with the sum of the card's movements, where the
history is complete from the card's first day.`,
		Confirm: `Open the card in the admin screen and look for a note or an edit. Check whether several
cards changed at one moment, as after a plugin's update.`,
		Repair: `Correct the card in the platform by a proper movement, so that the events are complete;
then let the handoff carry it.`,
		Confused: `no-feed: the movement exists and is not emitted. Pending holds lower a displayed balance
for a while on some platforms.`,
	},
	{
		Code: OverRestored, Class: PlatformAnomaly,
		Title: "More given back than was taken",
		Cause: "For one order and card the platform restored more than had been redeemed.",
		Hint:  "Report it to the platform or plugin vendor with the order; decide whether to take the surplus back from the card.",
		Meaning: `An order was cancelled and the card was refilled twice, by the shop and by the payment
plugin; or the refund was built from the full price instead of the part paid by card. The customer holds more
than they paid.`,
		Basis: `Restores (refunds to card and reversals) are capped by the redemptions, per order and
card, in complete records. If the ERP mirrors the error, the drift is zero and it is still reported.`,
		Confirm: `Read the order's timeline: who restored, and when? Two sources seconds apart are shop and
plugin.`,
		Repair: `Correct the card on the platform with an adjustment, and let that flow to the ERP. Do not
correct the ERP alone, or the two will part.`,
		Confused: `duplicate: one restore on the platform, two in the ERP. A refund to another card or to
store credit counts for the order too.`,
	},
	{
		Code: NotRestored, Class: PlatformAnomaly,
		Title: "Cancelled order whose card was not refilled",
		Cause: "The order was cancelled or refunded, and the card that paid for it never got its value back.",
		Hint:  "Refill the card, because the customer is out of money; then find the cancel path that forgets it.",
		Meaning: `Most cancellations restore the card, and these did not. The platform does emit restores,
so it is no missing feed: one path (a timed cancellation, one payment method, one plugin) skips the credit.`,
		Basis: `The order's status or refund is known, a redemption on it exists, and no restore to that
card, to another card or to store credit belongs to the order. This needs complete orders.`,
		Confirm: `Group the orders by how they were cancelled. If one way always fails and the others never,
you have it.`,
		Repair: `Refill by a proper movement. Report the path to the vendor. The ERP will follow when the
platform writes the row.`,
		Confused: `no-feed for refunds: the platform never writes a row for any cancel path.
refund-after-spending: the value was gone already.`,
	},
	{
		Code: RedemptionWithoutOrder, Class: PlatformAnomaly,
		Title: "Redemption without a valid order",
		Cause: "The card was debited and no valid order stands behind it.",
		Hint:  "Look whether the order failed at checkout; if so, refill the card.",
		Meaning: `The debit came first, then the order could not be saved, and nobody rolled the debit back.
The ERP has nothing, and is right to have nothing.`,
		Basis: `A redemption names no order, or one that is absent, cancelled or in error, in orders that
are stated to be complete. It is not judged otherwise.`,
		Confirm: `Search for the customer's orders around that minute: there is often a second try that
succeeded.`,
		Repair: `Refill the card on the platform. Do not book the redemption in the ERP to make the numbers
meet.`,
		Confused: `no-records: the orders were not exported, or a permission hides old ones. An adjustment by
API has no order and needs none.`,
	},
	{
		Code: SignContradiction, Class: PlatformAnomaly,
		Title: "Sign contradicts the kind",
		Cause: "A movement that should raise what is owed carries a minus.",
		Hint:  "Open the row on the platform: it is a reversal under a wrong name, or an error of the export.",
		Meaning: `A load of −50 or a refund to a card that charges it again. The row is kept as written,
because turning it round would be a guess about money.`,
		Basis: `Loads, refunds to card and incoming transfers raise what is owed; a minus on them is kept
and reported here. An amount without a minus on a kind that lowers simply takes its sign.`,
		Confirm: `Look at the card's balance before and after. It tells which way the value really went.`,
		Repair: `If the export is wrong, map the kind or the sign. If the platform is wrong, have the
movement corrected there. A refund that charges again needs the customer refilled by twice the amount.`,
		Confused: `mapping-kind: the platform is right and the ERP has it reversed. Exports that put refunds
under the sale's type with a minus want a "values" mapping.`,
	},
	{
		Code: RepeatedLoad, Class: PlatformAnomaly,
		Title: "Single-use card loaded twice",
		Cause: "The platform wrote two loads for a card or order line that should have had one.",
		Hint:  "Check whether the customer paid once or twice, then empty the surplus on the platform.",
		Meaning: `Two movements with different ids, one purchase: a job that ran twice, an order counted in
the web shop and again at the till. The handoff copies both, faithfully.`,
		Basis: `Two loads share the order, item and card, and the order's own view shows one. Equal amount
and day alone never lead here, because people do buy two cards.`,
		Confirm: `Open the order: one line of quantity one, and one payment.`,
		Repair: `Take the surplus off the card by an adjustment on the platform, and let it flow. If it was
spent already, that is a loss to book.`,
		Confused: `duplicate: one load on the platform, two postings. A second load on a reloadable card is
normal.`,
	},
	{
		Code: PlatformCurrency, Class: PlatformAnomaly,
		Title: "Currency changed within the platform",
		Cause: "The platform's own rows for one card or order carry different currencies for equal digits.",
		Hint:  "Settle on the platform which currency the card has; the ERP can't be right before that.",
		Meaning: `A card of 10 EUR becomes one of 10 USD because the shop's currency was switched or a
plugin ignored it. The digits are equal, the value is not.`,
		Basis: `Currency is compared between the movements of one card, its card row and its order; the
handoff is judged against the movement.`,
		Confirm: `Look at what the customer paid, in the payment provider's record. That is the currency of
the liability.`,
		Repair: `Correct the card on the platform, then let an adjustment flow. Leave the ERP as it is
until then.`,
		Confused: `mapping-currency: the platform is right and the ERP has another code. Cards in local
currencies are lawful, in the currency they were sold in.`,
	},
	{
		Code: OrderViewDiffers, Class: PlatformAnomaly,
		Title: "Order view and card ledger disagree",
		Cause: "The amount that the order shows as paid by card, or refunded to it, is not what the card's ledger says.",
		Hint:  "Believe the card's ledger for the liability, and have the platform's support explain the order.",
		Meaning: `The platform keeps two books, the order's payments and the card's transactions, and here
they tell two stories. Whichever one the integration reads decides what the ERP believes.`,
		Basis: `An order's card amount and card status are compared with the movements that name the
order, where both records are complete.`,
		Confirm: `Open both screens for one order. Then look at which of them your integration reads.`,
		Repair: `Have the platform correct the wrong side. If the integration reads the order's side, move
it to the card's ledger.`,
		Confused: `mapping-amount: both of the platform's views agree, and the ERP has another figure.`,
	},
	{
		Code: PointsNotTakenBack, Class: PlatformAnomaly,
		Title: "Points kept after a refund",
		Cause: "Points earned with an order stayed on the account after the order was refunded.",
		Hint:  "Decide whether to claim them back; report the path to the loyalty vendor.",
		Meaning: `The purchase was undone and its reward was not. This concerns the loyalty ledger, which is
a liability of its own with its own rate.`,
		Basis: `An order with earned points was refunded in full and no taking back follows, while other
refunds do take points back.`,
		Confirm: `Open the account's history around the refund, and compare with an order where it worked.`,
		Repair: `Take the points back by a movement on the platform, or write them off as goodwill. Either
way, make it a movement.`,
		Confused: `mapping-unit: points and money mixed up in the ERP. not-restored: the other way round,
value that the customer should have got back.`,
	},
}

var exceptions = []Entry{
	{
		Code: ManualEntry, Class: BusinessException,
		Title: "Manual entry on the liability account",
		Cause: "Somebody posted to the gift card liability by hand, without an event on the platform.",
		Hint:  "Ask whoever posted it what it stands for; it is a part of the drift until that is known.",
		Meaning: `A journal by a person: an accrual, a breakage estimate, a correction of something gcdiag
does not see. It may be right. It is not the handoff's doing.`,
		Basis:   `A posting with source manual on a liability account matches no event.`,
		Confirm: `Read its text and author, and look whether it is reversed later.`,
		Repair: `None by rule. If it corrects a fault that is repaired now, reverse it; if it is a yearly
breakage entry, leave it and note it.`,
		Confused: `orphan: the feed made the entry. repaired-by-hand: an event stands behind it.
correction-repeated: the feed brought that event too.`,
	},
	{
		Code: PendingIssue, Class: BusinessException,
		Title: "Card paid for and not issued yet",
		Cause: "The order was paid, and the card in it has not been issued.",
		Hint:  "Release or issue the cards, since customers are waiting; there is nothing for the ERP to book as liability before that.",
		Meaning: `Orders under fraud review, fulfilment by hand, a failed issuing job. The money is in, the
card is not out. Whether that is a liability from gift cards or a customer deposit is your accountants'
choice, not an error of the feed.`,
		Basis: `The order's card status is pending, and no load exists for it. The finding names orders,
because there is no movement.`,
		Confirm: `Open one order and see what it waits for.`,
		Repair: `Issue the card or refund the order. If the queue is long, find out who was meant to
release it.`,
		Confused: `no-feed: the card was issued and nobody was told. held: the event exists and waits in the
integration.`,
	},
	{
		Code: RefundAfterSpending, Class: BusinessException,
		Title: "Card refunded after it was spent",
		Cause: "The sale of the card was refunded although its value had been used already.",
		Hint:  "Hand it to whoever deals with fraud and refunds; the books must show the loss, not hide it in the liability.",
		Meaning: `Bought, spent, then refunded or charged back. The platform paid twice for one card. The
handoff carried each movement rightly, and the remainder is a loss.`,
		Basis: `A sale refund follows redemptions that left less on the card than the refund takes; the
movements themselves match.`,
		Confirm: `Look at the times: refund after redemption, and who asked for it.`,
		Repair: `Book the uncovered part as a loss. Ask the platform to refuse refunds of used cards, if it
can.`,
		Confused: `negative-balance: taken below zero by redemptions alone. over-restored: too much put on
the card, not paid out.`,
	},
}

var gaps = []Entry{
	{
		Code: NoRecords, Class: EvidenceGap,
		Title: "Records that could not be read",
		Cause: "A record type that this question needs was not given, came back empty, or failed to load.",
		Hint:  "Provide the named export, or the permission to read it, and run again.",
		Meaning: `Empty is not zero. A list without rows may mean that nothing happened, that the token
lacks a permission, that an old order is out of reach, or that the export was cut. None of these proves that
an event is missing.`,
		Basis: `The read is absent, failed, or has no rows, and nobody stated that it is complete.`,
		Confirm: `Open the same list in the system's own screen, as an administrator. Rows there and none
here is a permission or a filter. Cards with a balance below their initial value and no transactions prove it.`,
		Repair: `Grant the scope, or export the file. If it is truly empty, say so with "complete: true"
for that record, and the verdict will count on it.`,
		Confused: `partial-records: there are rows, and not all of them. A fault at step 1 is claimed from
records, never from their absence.`,
	},
	{
		Code: PartialRecords, Class: EvidenceGap,
		Title: "Records that end too early",
		Cause: "An export or list stops before the window does, at a cap, a page or a date.",
		Hint:  "Export it again in smaller pieces, without the cap, and run again.",
		Meaning: `Exactly 1,000 rows, and everything after the last one unmatched: that is an export limit,
not a thousand good events and a broken rest. Events beyond the edge can't be called missing.`,
		Basis: `Stated by "complete", or betrayed by the data: a suspicious round count with everything
unmatched beyond its edge, or reading that stopped with an error.`,
		Confirm: `Compare the export's first and last dates with the window, and its row count with the
number that the screen shows.`,
		Repair: `Split by week or by kind, and name several files for the record; repeated rows at the
seams do no harm.`,
		Confused: `outage: a hole with good events on both sides. beyond-retention: the system itself no
longer has the rest.`,
	},
	{
		Code: UnreadableRows, Class: EvidenceGap,
		Title: "Rows that could not be understood",
		Cause: "Some rows did not parse, and events that they might speak of can't be judged.",
		Hint:  "Correct the named rows, or add a columns or values mapping, and run again.",
		Meaning: `A row with an amount, date or word that can't be read is set aside with its place and
reason. It is not taken for zero and not for missing; it weakens the verdict only for events that it could
have satisfied.`,
		Basis: `The rejects of the read, together with the ids that could still be made out in them.`,
		Confirm: `Open the file at the named line. If every row of one column is rejected, it is the format
(decimal comma, day before month), not the data.`,
		Repair:   `Set "decimal:" or "dates:" for the file, map the word under "values:", or repair the cell.`,
		Confused: `damaged-ids: the row is read and its identifier can't be trusted.`,
	},
	{
		Code: DamagedIDs, Class: EvidenceGap,
		Title: "Identifiers damaged by a spreadsheet",
		Cause: "Long numbers were turned into scientific notation, cut after 15 digits, or lost their leading zeros.",
		Hint:  "Export again, and do not open the file in a spreadsheet before gcdiag reads it (or import that column as text).",
		Meaning: `A spreadsheet takes a 19-digit id for a number and keeps 15 digits. Two cards become one,
and look like a duplicate or a loss. It can't be undone from the file.`,
		Basis: `E+ notation, zeros after the fifteenth digit, or ids that are shorter than all their
siblings, in a column of identifiers.`,
		Confirm: `Look at the raw file in a text editor, and at the same row in the system.`,
		Repair:  `A fresh export straight to disk. For XLSX, format the column as text before pasting.`,
		Confused: `duplicate: two postings with one true id. A masked code (last four only) is shortened on
purpose, and is a hint at best.`,
	},
	{
		Code: AmbiguousMatch, Class: EvidenceGap,
		Title: "More than one possible match",
		Cause: "Several events and postings fit each other equally well, and choosing would be a guess.",
		Hint:  "Provide a reference that tells them apart (order, external id), or decide on the listed candidates by hand.",
		Meaning: `Two cards of 50, sold in one minute, and one posting without a reference. One of the two
is missing; nobody can say which. The candidates are listed, and none is accused.`,
		Basis: `No stronger rung of the identity ladder decides, and different assignments give different
verdicts. Where every assignment gives the same verdict, that verdict is given.`,
		Confirm: `Look at the customer's name or the receipt in both systems: people can often decide where
ids can't.`,
		Repair: `Carry the movement or order id into the ERP. For the past, adding one more column to the
export is often enough.`,
		Confused: `not-received with candidates: how many are missing is certain, and which ones is not.`,
	},
	{
		Code: FailuresOnlyLog, Class: EvidenceGap,
		Title: "Log that keeps only failures",
		Cause: "The integration's log drops what succeeded, so silence in it means nothing.",
		Hint:  "Switch on full logging for the next days, or export the runs from the flow's own history.",
		Meaning: `Some systems delete successful deliveries and keep the failed ones for a while. An empty
log is then the best sign there is, and no proof of anything.`,
		Basis: `The flow states "log: failures", or the log holds failures only while the ERP holds their
siblings.`,
		Confirm: `Look up one event that you know arrived. If the log lacks it, it is such a log.`,
		Repair: `None for the past: the ERP's side must decide. For the future, log the event id of every
delivery.`,
		Confused: `not-received: the log keeps everything and lacks the event.`,
	},
	{
		Code: BeyondRetention, Class: EvidenceGap,
		Title: "Older than the log reaches",
		Cause: "The integration's log is kept for a limited time, and these events are older.",
		Hint:  "Ask whether an archive exists; otherwise run the check more often than the log forgets.",
		Meaning: `Logs are kept for 3, 14, 30 days, and drift is noticed at month end. What lies before the
first kept row can't be called lost in the integration.`,
		Basis:   `The flow's retention in days, or the earliest row of the log, against the event's time.`,
		Confirm: `Look at the oldest run in the integration's history screen.`,
		Repair: `For the past, only the ERP and an archive can tell. For the future, run gcdiag weekly, or
raise the retention.`,
		Confused: `outage: silence between rows. partial-records: the export is cut and the system has more.`,
	},
	{
		Code: ForeignSubscriptions, Class: EvidenceGap,
		Title: "Subscription list of another app",
		Cause: "The subscriptions that could be read are those of gcdiag's own token, not the integration's.",
		Hint:  "Ask the integration's owner for its list, or read it with the integration's token.",
		Meaning: `On several platforms an app sees only its own subscriptions, and those made in the admin
screen are not listed at all. An empty list through your token says nothing about the integration.`,
		Basis: `The list's visibility is "own", or deliveries keep arriving although no subscription is
listed. Deliveries outrank every list.`,
		Confirm: `Look at the integration's own screen, or at whether deliveries arrive right now.`,
		Repair: `None needed if deliveries flow. If they do not, get the integration's own list before you
blame it.`,
		Confused: `subscription-missing: the list is the right one, and the topic is not on it.`,
	},
	{
		Code: AccountUnknown, Class: EvidenceGap,
		Title: "Account not in the export",
		Cause: "The ERP's records carry no account, so step 4 can't be judged and the drift has no figure.",
		Hint:  "Export the postings with their account (general ledger lines, not document headers), and run again.",
		Meaning: `Without accounts nobody can say whether an entry is on the gift card liability. Steps 1 to
3 are judged all the same, from kind, amount and reference.`,
		Basis: `No row fills the account column, or those in question do not.`,
		Confirm: `Look at which report the file was made from. Document lists have no accounts; ledger or
journal line reports do.`,
		Repair: `Export the lines of the liability account and of the accounts that cards might have gone
to instead (sales, discounts, clearing). All accounts is simplest.`,
		Confused: `wrong-account: the account is known, and it is another one.`,
	},
	{
		Code: UnidentifiedPosting, Class: EvidenceGap,
		Title: "Posting that names no event",
		Cause: "An entry on the liability account could belong to several events or to none, and nothing on it decides.",
		Hint:  "Look the entry up in the ERP, and see which order or import made it.",
		Meaning: `The row is there, with an amount and a date and no usable reference. It might be the
posting of an event that looks missing. Before anything is replayed, this must be known.`,
		Basis: `No identity links it, and the movements or the row itself are too thin to say that it has
no event.`,
		Confirm:  `Open it in the ERP: source document, import batch, creator.`,
		Repair:   `Add its reference column to the export, and run again.`,
		Confused: `orphan: it is certain that no event exists. batched: it is the sum of many.`,
	},
}

var risks = []Entry{
	{
		Code: SubscriptionMissing, Class: Risk,
		Title: "No subscription for a kind",
		Cause: "The subscription list, which is the integration's own, has none for this kind, and no event of it has come by to fail.",
		Hint:  "Subscribe before the first such event comes.",
		Meaning: `Nothing has failed yet, because nothing of this kind has happened. The first refund to a
card, or the first expiry, would be lost.`,
		Basis: `The kinds that the subscriptions and flows cover, against the kinds that the platform can
emit.`,
		Confirm: `Make one such event of small value, and watch whether it is sent.`,
		Repair:  `Add the topic, and test it with a real event.`,
		Confused: `not-received: events of this kind have been lost already. foreign-subscriptions: it is not
the integration's list.`,
	},
	{
		Code: SubscriptionOff, Class: Risk,
		Title: "Subscription present but disabled",
		Cause: "The subscription is listed as inactive, or its last success is long past, and no event has failed for it yet.",
		Hint:  "Switch it on, and see one delivery succeed.",
		Meaning: `Platforms switch a webhook off after a few failures in a row, often without telling
anybody. "The webhook is there" is not enough: it must be active and have succeeded lately.`,
		Basis: `The subscription's active flag, failures and last success, while the events so far are
accounted for.`,
		Confirm:  `Look at its status and delivery history on the platform.`,
		Repair:   `Enable it, and find out what failed at the time, or it will be off again soon.`,
		Confused: `outage: it was off while events came. subscription-missing: it is not there at all.`,
	},
	{
		Code: FlowOff, Class: Risk,
		Title: "Flow paused",
		Cause: "The flow that carries this kind is disabled or has not run lately, and no event has failed for it yet.",
		Hint:  "Ask who paused it and why; switch it on before the next event.",
		Meaning: `The integration's flow is off. Whatever comes now waits or is lost, depending on the
product: some keep a queue, and some skip everything that happened while they were off.`,
		Basis:    `The flow's enabled flag and its last run, while the events so far are accounted for.`,
		Confirm:  `Look at the flow's history: the date of the last change, and by whom.`,
		Repair:   `Switch it on, then check whether what came meanwhile was kept.`,
		Confused: `outage: events were lost while it was off. held: events wait in it.`,
	},
}
