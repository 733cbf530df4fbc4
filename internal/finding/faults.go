package finding

var faults = []Entry{
	{
		Code: NoFeed, Class: Fault, Steps: []int{1},
		Title: "No event leaves the platform",
		Cause: "The platform moves card value for these transactions without emitting any event, so there is nothing that an integration could pick up.",
		Hint:  "Book the listed events by journal now, then give this kind a feed (the platform's card API, read on a schedule) or an owner; there is no webhook to repair.",
		Meaning: `Card value moved in the platform and nothing was sent out about it: no webhook, no order,
no row in the event API. This is a hole in the design of the handoff, not a breakdown, and it has usually been
there from the first day.

The usual suspects are cards issued by hand for a service case, cards made by a returns app, expiry and
deactivation, and refunds where the platform restores a balance without writing a ledger row. Cards that
customers buy leave as orders, and those pass.`,
		Basis: `The platform's feed table (the pack's own, or "feeds" in connectors.yaml) says "via: none"
for this kind and origin, and the events are not in the ERP. An event of the same kind that did reach the ERP
passes.

Where the shop's orders show a refund to a card and the card ledger has no row for it, the finding names the
orders, because there is no movement to name.`,
		Confirm: `Take one event of the list and look for it in the platform's webhook log, in the order
export and in the integration's run history around its time. If this finding is right, the only place that
knows it is the card's own page.

Then issue one card of small value the same way, and watch whether anything is sent.`,
		Repair: `Book what is missing: credit the gift card liability, debit whatever paid for the card
(goodwill expense for service cards, the refund clearing account for returns, cash for a sale outside the
shop). Expiry goes the other way, to breakage income, where the law lets cards expire at all.

Then choose something lasting: the card API read on a schedule, or a weekly journal from the list of issued
cards with a name beside it. Record the choice under "feeds", so that the next check expects it.`,
		Confused: `not-received: the platform does emit this kind, and this one was lost. manual: a person is
meant to carry it over. If sold cards pass and hand-issued ones fail, that is still no-feed, because feeds are
judged per kind and origin.`,
	},
	{
		Code: Manual, Class: Fault, Steps: []int{1},
		Title: "Manual handoff left undone",
		Cause: "This kind is carried into the ERP by a person, and for these events nobody did.",
		Hint:  "Ask whoever owns the routine to book the listed events, and check when it was last done; webhooks have no part in this.",
		Meaning: `It was decided, or inherited, that somebody enters these movements in the ERP by hand. For
the listed events that did not happen: the person was away, the list was forgotten at month end, or a new
store was never added to the routine.`,
		Basis: `The feed table says "via: manual" for this kind and origin, and the events are not in the
ERP although they are older than the grace period. Events that were booked pass.`,
		Confirm: `Look for the last journal of this kind in the ERP and compare its date with the first
missing event. A clean break in time means that the routine stopped. Holes all over mean that the list it
works from leaves something out, often cards of one store or one user.`,
		Repair: `Book the listed events, one line each with the platform's id as the reference; one lump
sum can never be matched again. Then agree on who does it, how often, and from which list. If there are more
than a handful a week, replace the routine by a feed.`,
		Confused: `no-feed: nobody was ever meant to do it. batch: a file or report carries it, not a
person's typing.`,
	},
	{
		Code: Batch, Class: Fault, Steps: []int{1},
		Title: "Batch or report not carried over",
		Cause: "This kind leaves the platform only in a periodic file or report, and these events did not make it from there into the ERP.",
		Hint:  "Find the batch that should hold the first missing event: it was not made, not imported, or left these events out.",
		Meaning: `There is no event per transaction. The platform, or a payout service in between, sums
things up in a daily file or a monthly statement, and the ERP learns of them only if that file is made, holds
everything, and is imported.

Typical: sold and used cards appear in the payouts, while issued, expired and disabled value appears only in a
monthly report that nobody imports. The clearing account then never reaches zero although every sale ties out.`,
		Basis: `The feed table says "via: batch" or "via: report" for this kind and origin, and the events
are not in the ERP, neither alone nor as part of a summed line.`,
		Confirm: `Open the report of the period and look for one listed event. If it is in there, the import
failed or never ran. If it is not, the report leaves it out: check its filters, its cut-off hour and its zone.`,
		Repair: `Import the missing report, or book its total with the report's name as the reference, so
that the line can be matched to its events. If the report leaves events out by design, it can't be the feed
for them: choose another way, as for no-feed.`,
		Confused: `batched, which is no fault: one ERP line for many events that adds up. late: the batch
came after the window's end.`,
	},
	{
		Code: NotReceived, Class: Fault, Steps: []int{2},
		Title: "Events never reached the integration",
		Cause: "The platform has these events and the integration's log, which covers the time, does not know them.",
		Hint:  "Check the subscription for this kind first. If it is there and other events passed at the same time, the losses are isolated: replay them and add a reconciliation poll.",
		Meaning: `The event exists on the platform and there is no trace of it in the integration, neither
as a success nor as a failure. Nobody downstream could have noticed.

If whole kinds are missing, the integration does not listen to them: it was built for new orders and never
hears of refunds. If single events are missing among good neighbours, a delivery was lost. Webhooks are not
guaranteed by anybody, and polls that read one page lose whatever lies beyond it.`,
		Basis: `No delivery in the log belongs to the event by any identity, the log is complete for that
time (rows, no cap, no log of failures only), the feed table knows no other way, and the event is older than
the grace period. Where no integration records were given at all, gcdiag says "step 2 or 3" instead.`,
		Confirm: `Search the integration's run history for the order number, not for the event id, half an
hour around the event. Then look at the platform's delivery log for the same topic: sent and answered with 200
means that the receiver dropped it; not sent means subscription or platform; no row at all means that nobody
is subscribed.

Count what arrived per poll or per run. Exactly 50, 100 or 250 is a page that was cut.`,
		Repair: `Repair the subscription or the trigger first. Subscribing again does not bring back the
gap, so replay the listed events, loads before redemptions. Then add a daily poll over the last two days that
compares ids; it is the only cure for deliveries that are lost for no reason.`,
		Confused: `outage: a whole stretch of time is missing, which points at a subscription or a
connection. filtered: the integration saw the event and decided against it. beyond-retention: the log no
longer reaches back that far, and then silence proves nothing.`,
	},
	{
		Code: Filtered, Class: Fault, Steps: []int{2},
		Title: "Events filtered out by the integration",
		Cause: "A filter or condition in the integration sorts these events out before they are sent on.",
		Hint:  "Find the filter that the shared attribute points at, change it, and replay the listed events, loads first.",
		Meaning: `The integration saw the events and let them go on purpose. Nothing looks broken: a run in
which every record was filtered out counts as a success on most platforms.

Filters that catch gift cards by accident: paid orders only (partly paid by card, or captured later), online
channel only, a list of known issuing apps, "total greater than zero" (an order paid wholly by card has no
other money in it), and payout-driven flows, which never see an order without a payout.`,
		Basis: `The delivery's outcome is "filtered", or the flow's filter text names a value that the
missing events have and the others do not. The finding lists what they share: "73 of 73, and 2 of the other
1,131" is the filter in other words.

No grace is given: what was filtered will not arrive by waiting.`,
		Confirm: `Open the flow and read its filter against one listed event and one that passed. Change
nothing yet: run the failing event through the filter's own preview or test first.`,
		Repair: `Change the filter, then replay. Exclude what must stay out (tests, cancelled orders) by
name instead of letting in only what was thought of. Ask why the filter was there: if it kept out something
that is now let in, the next check will show it as not-countable or duplicate.`,
		Confused: `not-received: the integration never saw them. scope-excluded: left out here by your own
policy, not by the integration. A healthy subscription list says nothing about filters.`,
	},
	{
		Code: Failed, Class: Fault, Steps: []int{2},
		Title: "Deliveries failed in the integration",
		Cause: "The integration received these events, failed while handling them, and no later attempt succeeded.",
		Hint:  "Group the runs by error text, repair the commonest one, then replay. Retrying without a repair only adds failures.",
		Meaning: `The event arrived, and a step of the flow broke on it: a walk-in sale without a customer,
a field that was renamed, a signature made with the old secret, a rate limit. The run is red, or it sits among
the dead letters; so this is the loudest kind of loss, and it still goes unseen where nobody reads the error
mails.`,
		Basis: `The last outcome known of the event is "failed" or "dead_lettered", nothing later
succeeded, and it is older than the grace period. Failures that were retried into a success pass. The error
text is one of the attributes that are compared, so one text shared by all is the cause.`,
		Confirm: `Open one failed run and read the step that broke, its input and the answer it got. Check
two more with the same text. Then check that a recent event of the same kind, without the peculiarity, went
through.`,
		Repair: `Repair the mapping or the record that the error names (a default customer for till sales,
the new secret, the missing field). Replay from the failed runs if they are still kept, otherwise from the
platform's events. Then make the error reach a person.`,
		Confused: `routing: the ERP refused it (step 3), which some integrations show as their own failure.
Read whose answer it is: a timeout or a mapping error is the integration's, a validation message in the ERP's
own words is the ERP's.`,
	},
	{
		Code: Held, Class: Fault, Steps: []int{2, 4},
		Title: "Events held and never released",
		Cause: "These events wait in a queue or a holding state past the grace period, and nothing is set to release them.",
		Hint:  "Find out what they wait for (an approval, a parent order, a stopped worker), release them in order, loads first.",
		Meaning: `The events are not lost. They sit somewhere: in the integration as received, queued or
held (step 2), or in the ERP as an entry that was never posted (step 4). Nothing failed, so nothing alarms,
and they will sit there until somebody looks.`,
		Basis: `The last known outcome is "received", "queued" or "held", or the ERP row is "open" or
"held", and it has been so for longer than the grace period, counted up to the report's as-of time. Younger
ones are listed as in-flight.`,
		Confirm: `Look at the queue's length and at the age of its oldest entry. One old entry with many
behind it is a jam: the first one is broken. Many of one age mean that a worker or schedule stopped then. All
with one attribute in common mean that a rule holds them.`,
		Repair: `Remove the reason, then release oldest first, and loads before the redemptions of the same
cards. Watch the first few through to the liability account before you release the rest.`,
		Confused: `in-flight: the same state, but young enough to be normal. failed: it was tried and it
broke.`,
	},
	{
		Code: Duplicate, Class: Fault, Steps: []int{2, 3},
		Title: "One event booked more than once",
		Cause: "The same event was booked twice, and nothing on the way recognised the repeat.",
		Hint:  "Reverse the surplus postings, and give the receiver a key to recognise a repeat by: the event's or the refund's own id.",
		Meaning: `One movement on the platform stands twice on the liability account. At step 2 the
integration sent it on twice: a retry after a lost answer, or two routes for the same thing (the refund by API
and its own echo by webhook). At step 3 it was sent once and the ERP's side made two entries of it.

The first hop at which the count rises takes the blame.`,
		Basis: `Deliveries and postings are counted per event by identity, never by amount and day: two
real purchases of 50 on one afternoon are common and are left alone. Sent twice and booked once passes, as
absorbed-duplicate.`,
		Confirm: `Put the two postings side by side. The same reference means that the receiver ignores it.
Two references that lead to one event mean two routes: look at who created each document, and when. About a
second apart is an echo, minutes apart is a retry.`,
		Repair: `Reverse the surplus entry; never delete it if the period was reported. Then make the
receiver keep the event id (for refunds, the refund's own id) and answer a repeat with "already there". If two
routes exist, switch one off for this kind.`,
		Confused: `correction-repeated: one of the two was booked by hand. repeated-load: the platform itself
has two movements. absorbed-duplicate: delivered twice, booked once, nothing to do.`,
	},
	{
		Code: Outage, Class: Fault, Steps: []int{2},
		Title: "A stretch of time without any event",
		Cause: "Between two moments nothing of this kind reached the ERP's side, although the platform was busy; before and after, all did.",
		Hint:  "Look at what ended at the start and what was done at the end of the stretch; then fetch the gap from the platform, because subscribing again does not resend it.",
		Meaning: `The losses are one block: everything up to a moment arrived, then nothing, then (perhaps)
everything again. Something was off, not selective. The usual story is a subscription that the platform
removed or disabled after repeated failures, an app that was reinstalled and lost its hooks, a secret that was
changed, or a flow that somebody paused.

The set-up may look healthy today. It was repaired, or recreated, and nobody asked about the hours in between.`,
		Basis: `The events are ordered by time and the losses fill one stretch wholly, or nearly, with
enough traffic on both sides to make chance absurd. The report names the last good event before and the first
good one after. An outage is named before the single outcomes (failed, held, not received) of its events.`,
		Confirm: `Compare the stretch with the creation date of today's subscription, the install date of
the app, the integration's change log and the mails of that night: platforms warn before they remove a hook.
Deliveries refused with 401 in the access log mean a changed secret.`,
		Repair: `Make sure that the subscription is active and delivering now. Then backfill: fetch the
platform's events of the stretch (they are listed here) and replay them in time order, loads first. Set an
alarm on "no event for N hours", with N taken from your quietest day.`,
		Confused: `not-received: scattered losses. beyond-retention: the log ends there, so the silence is
the log's. A quiet night in the shop is no outage: the platform must have been busy.`,
	},
	{
		Code: Routing, Class: Fault, Steps: []int{3},
		Title: "Sent on, but not found in the ERP",
		Cause: "The integration reports these events as sent, and the ERP refused them or holds them nowhere that it should.",
		Hint:  "Follow one event by the document number the ERP answered with. If there is none, the ERP refused it: read its message, repair, and replay.",
		Meaning: `The handoff left the integration and did not turn into a posting. Either the ERP refused
it (validation, closed period, parent order not there yet), or it went somewhere else: another company, a
sandbox, a document type that never reaches the ledger.

"Completed" in the integration means that its run ended. It does not mean that the ERP booked anything.`,
		Basis: `The delivery says "delivered" and no posting belongs to it by any identity in records that
are complete for the time; or it says "rejected_by_erp", or the ERP row has the status "refused". Where the
ERP's reason is a missing rule or account, it is no-rule at step 4 instead.`,
		Confirm: `Take the ERP's answer from the run (the internal id or document number) and open that
document. It exists: look at its company, type and status. It does not: somebody deleted it, or the answer
came from another environment. Without an answer, search the ERP's import errors for the order number.`,
		Repair: `Point the connection at the right company and document type, or repair what the ERP's
message names. A child that came before its parent needs a retry with delay, not a new mapping. Then replay,
loads first.`,
		Confused: `failed: the integration broke before it sent. unidentified-posting: the row is there and
can't be recognised, because its references were lost. Check that before you replay, or you will book it
twice.`,
	},
	{
		Code: MappingKind, Class: Fault, Steps: []int{3},
		Title: "Arrives as another kind of transaction",
		Cause: "The event is in the ERP, but as something else than it is: a gift card sale as merchandise, an adjustment as a redemption, a refund with the wrong sense.",
		Hint:  "Correct the type mapping for the shared item, origin or event type, then reclassify the listed postings.",
		Meaning: `The amount and the order are right and the meaning is lost. A card sold under a custom
product looks like ordinary merchandise, because only the platform's own gift card product is recognised. An
adjustment made by API is forced into "redemption". "Refund" is taken for a refund of the card's sale when it
was a refund to the card, and those two have opposite signs.`,
		Basis: `The posting was matched by identity, and its kind (the ERP's type after the mapping in
connectors.yaml) is another one than the event's. If what the integration sent was wrong already, the finding
says that the integration made the error.

The account is wrong as well, as a rule. The first wrong hop is the kind, so step 4 is not blamed.`,
		Confirm: `Open one posting and read type and item. Then look up how that item or event type is
mapped in the integration: there is a list of products, of types, or a default at the end of it.`,
		Repair: `Declare the products as gift cards, or map the event type to a kind of its own. Reclassify
the listed postings from where they went (sales, usually) to the liability account, and mind the tax: a taxed
card sale must be corrected there too.`,
		Confused: `wrong-account: the ERP knows what it is and books it to the wrong place, which is a rule
to change. mapping-tender: the order is right and its payment by card is not.`,
	},
	{
		Code: MappingAmount, Class: Fault, Steps: []int{3},
		Title: "Arrives with another amount",
		Cause: "The event is in the ERP with an amount that comes from another field.",
		Hint:  "Compare the wrong amounts with the order's other figures (total, net, running total, price paid, factor 100), name the field, and correct the mapping.",
		Meaning: `The right event, the wrong number. It is rarely random: the order's total instead of the
part paid by card, the running refund total instead of this refund, net instead of gross, cash received
instead of face value, minor units read as major ones.`,
		Basis: `The matched posting's amount differs by more than the tolerance in the same currency.
gcdiag tries the known patterns (constant ratio, factor 100, running sums per order, order total, price paid)
and names the one that fits every event. Where none fits it says so.`,
		Confirm: `Take three events and write down all the figures of the order next to what the ERP has.
The field shows itself by the third. For refunds, line them up in time: if each ERP amount is the sum of all
refunds so far, the handler reads the charge's running total.`,
		Repair: `Correct the field in the mapping, then correct each listed posting by its own difference.
Do not post one netted sum: errors of both signs hide each other, and finance will ask for the parts.`,
		Confused: `mapping-currency: check the currency code before the number. rounding: a cent here and
there is no fault. over-restored: the platform itself gave back too much, and the ERP copied it faithfully.`,
	},
	{
		Code: MappingCurrency, Class: Fault, Steps: []int{3},
		Title: "Arrives in another currency",
		Cause: "The event was booked in another currency than the card's, with or without conversion.",
		Hint:  "Decide which of the order's currencies the liability is kept in, map the amount and the code from the same field, and rebook the listed events.",
		Meaning: `Shops that sell abroad carry every amount twice: in the currency the customer saw and in
the shop's own. A mapping that takes the number from one and the code from the other turns 4,400 krónur into
4,400 pounds. With currencies of similar size (CAD and USD) nobody notices for months.`,
		Basis: `The matched posting's currency code differs from the event's. The code is compared first,
and the amount after it; equal digits under another code are a fault, not a match.`,
		Confirm: `Open one order in the shop and find both amounts. See which one the ERP took, and whether
the rate of the day explains the number. If the digits are equal, only the code is wrong.`,
		Repair: `Map the amount and the code from the same money field. Reverse the listed postings in the
wrong currency and book them in the right one; a correction by exchange difference would bury the error.`,
		Confused: `platform-currency: the platform's own row is in the wrong currency. mapping-amount: the
same currency, another number.`,
	},
	{
		Code: MappingReference, Class: Fault, Steps: []int{3},
		Title: "Card or order reference lost",
		Cause: "The posting arrived without the reference that ties it to its card or order, so whatever follows on that card can't be applied.",
		Hint:  "Repair the field and fill it on the listed postings; the redemptions waiting behind them will then match.",
		Meaning: `The amount and the account are right, and the liability total shows no drift. But the ERP
does not know which card it is, so every later redemption of that card goes to the exception queue. That is
why the money looks fine and the queue keeps growing.

A classic: the shop fulfils the card at once, before the integration has read its id.`,
		Basis: `The posting could be matched only by a weaker rung (card and amount and time, or the
order), its siblings carry the field that it lacks, or an exception follows on the same card. A lost reference
that does no harm is listed as matched-without-reference.`,
		Confirm: `Open one posting and one healthy sibling, and compare the reference fields. Then open an
exception of the queue and see what it searched for.`,
		Repair: `Fill the reference on the listed postings, then re-run the matching; no replay is needed,
and a replay would book the value twice. Switch off whatever overtakes the integration (automatic fulfilment,
for instance).`,
		Confused: `matched-without-reference: the same loss without harm. routing: the posting is not there
at all.`,
	},
	{
		Code: MappingTender, Class: Fault, Steps: []int{3},
		Title: "Payment by card booked as another tender",
		Cause: "The order arrived and its payment by gift card did not: the ERP holds it as money of another kind.",
		Hint:  "Map tenders one by one instead of one per order, and move the listed amounts from the other tender to the gift card liability.",
		Meaning: `A customer pays 30 by card and 70 by credit card; the ERP has 100 by credit card. The
liability stays 30 too high, and the bank or the processor's clearing account is 30 short. Mappings that take
one payment method per document do this to every split order, and mappings with one bank account for
everything do it to all of them.`,
		Basis: `The posting matches the redemption's order, and its kind or account is that of another
tender while the order's total is right. Errors of both signs are listed apart: where the card was the larger
part, the ERP may have taken the whole order from the liability.`,
		Confirm: `Open one split order and compare the tenders line by line. Then look at whether the credit
card settlement of that day is short by exactly the card part.`,
		Repair: `Map each tender to its own payment or line. Correct the listed orders: debit the
liability, credit the tender that was overstated. The bank reconciliation of those days will then close as
well.`,
		Confused: `mapping-kind: the whole document is of the wrong kind. no-rule: the tender arrived as what
it is and the ERP knew no account for it.`,
	},
	{
		Code: MappingUnit, Class: Fault, Steps: []int{3},
		Title: "Points booked as money",
		Cause: "The amount is in points, or in another unit, and the ERP took it for money (or the reverse).",
		Hint:  "Set the conversion in the mapping (points per unit), and restate the listed postings.",
		Meaning: `Loyalty accounts count points, gift cards count money, and some platforms keep both in one
ledger. 500 points posted as 500.00 overstates the liability a hundred times over at the usual rate.`,
		Basis: `The event's unit is points, and the posting's amount equals the number of points instead
of their value by the policy's rate, or the other way round.`,
		Confirm: `Take one event, divide its points by the rate in your policy, and compare with the
posting. If the ERP has the number of points to the digit, that is it.`,
		Repair: `Convert in the integration, or keep points out of the ERP and book their value once a
month. Reverse the listed postings and book the converted value.`,
		Confused: `mapping-amount with factor 100: minor units read as major ones, on rows that are money.
points-not-taken-back: the platform's own loyalty ledger is off.`,
	},
	{
		Code: NoRule, Class: Fault, Steps: []int{4},
		Title: "No rule puts it on the liability account",
		Cause: "The event arrived right, and the ERP has no rule, item or account set up that would bring it to the gift card liability.",
		Hint:  "Add the rule for this kind, then re-run it over the listed postings; nothing needs to be sent again.",
		Meaning: `Everything up to the ERP worked. The entry waits, was refused for want of an account, or
was posted somewhere by default, because nobody told the ERP what to do with this kind. Expiry is a frequent
case: the event arrives and no rule moves the value out of the liability.

Of all faults this is the fastest to repair.`,
		Basis: `The posting has the right kind and references and is off the liability accounts, open past
grace, in exception, or refused with a reason that names a rule or an account; and the rules that were read
cover no such kind.`,
		Confirm: `Search the ERP's matching rules, item set-up and payment method set-up for this kind, and
for each: is there one, and does it lead to the account you named as the liability?`,
		Repair: `Add the rule with the liability account, re-run it over the listed postings, and see the
exceptions go. For expiry, ask first: some places forbid it, and then the right answer is to reinstate the
card, not to book income.`,
		Confused: `rule-inactive: the rule exists and is switched off. wrong-account: a rule acts and sends
it elsewhere. routing: the ERP refused it for another reason.`,
	},
	{
		Code: WrongAccount, Class: Fault, Steps: []int{4},
		Title: "Posted to an account that is not the liability",
		Cause: "The ERP knows what it is and posts it to another account than the gift card liability.",
		Hint:  "Change the account on the item or rule that the listed postings share, then reclassify them.",
		Meaning: `A card's sale credited to income, a redemption debited to discounts. Sale and use of the
card then both count as revenue, and the liability never knew of it. Often it is one item: a new denomination
that was created with the default account, while the older ones are right.`,
		Basis: `The posting matches, its kind is right or left empty, and its account is none of
"liability_accounts". gcdiag decides by account, never by the word: a discount line on the liability account
is a lawful shape, and the same line on sales discounts is this fault.`,
		Confirm: `Open the shared item or rule and read its account. Then open an item whose postings pass
and compare the two.`,
		Repair: `Correct the account. Reclassify the listed postings: for loads, debit the wrong account
and credit the liability; for redemptions, the reverse. Correct the tax as well if a card's sale was taxed.
Add the account check to whatever creates new denominations.`,
		Confused: `mapping-kind: the ERP does not even know that it is a gift card. A second liability
account that was left out of "liability_accounts" looks the same: check that before anything else.`,
	},
	{
		Code: RuleInactive, Class: Fault, Steps: []int{4},
		Title: "The matching rule is switched off",
		Cause: "The rule that would put these events on the liability account exists and was inactive when they came, or another rule stood before it.",
		Hint:  "Switch the rule on (or move it up), and re-run it over the listed postings.",
		Meaning: `Somebody switched the rule off, an update did, or a new rule was placed above it and
catches the entries first. From that moment on the same entries that used to match lie in the queue or go
elsewhere.`,
		Basis: `The rules that were read hold one for this kind, and it is inactive or comes after another
that matches. The date of its last change fits the first failing event, where both are known.`,
		Confirm: `Open the rule's history: when was it changed, and by whom? Compare with the first event
listed here.`,
		Repair: `Switch it on or put it in its place, then re-run the matching from the first failing
event. Ask why it was changed before you do: it may have been silenced because it caught something else.`,
		Confused: `no-rule: there never was one. A rule that is active now proves nothing about last week.`,
	},
	{
		Code: CorrectionRepeated, Class: Fault, Steps: []int{3},
		Title: "Booked by hand and by the feed",
		Cause: "Somebody booked the event by hand, and the feed brought it as well, earlier or later.",
		Hint:  "Reverse the manual entry, keep the feed's, and agree that nobody books what is about to be replayed.",
		Meaning: `The event was missing or late, a colleague in finance helped out with a journal, and then
the replay or the delayed delivery arrived. Both entries are honest, and together they are one too many.`,
		Basis: `Two postings belong to one event: one made by the integration, one made by hand (by its
source, or by being the only one without the feed's reference). Amount and day alone are never enough.`,
		Confirm: `Open both, read who created them and when, and ask the person who booked by hand which
list they worked from. There will be more on that list.`,
		Repair: `Reverse the manual entry, because the feed's carries the references. If the manual one was
a lump sum for several events, reverse it wholly and check that each of them has come by feed. Freeze manual
entries before any replay.`,
		Confused: `duplicate: both came by the feed. repaired-by-hand: only the manual one exists, and then
it is right to leave it.`,
	},
	{
		Code: NotCountable, Class: Fault, Steps: []int{2},
		Title: "Forwarded although it must not count",
		Cause: "A test, pending or cancelled movement was sent on and booked as if it were final.",
		Hint:  "Reverse the listed postings, and let the integration forward final, real movements only.",
		Meaning: `The platform says that this movement is a test, still pending, or cancelled. The
integration sent it all the same, and the ERP owes something to nobody. Its amount is drift until it is
reversed.`,
		Basis: `The movement's final status (its last row) is pending or cancelled, or it carries the test
flag, and a posting on the liability account belongs to it.`,
		Confirm: `Open the order in the shop. Manual payment and cash on delivery are no tests; only the
flag is. For pending ones, look whether a later row made it final after the report's as-of time.`,
		Repair: `Reverse the postings. Filter on the status field in the flow, and forward the final state
rather than the first one. Make sure that the cancelling event is forwarded too.`,
		Confused: `scope-excluded: such movements that were not booked, which is right. stale: the right
movement in an older state.`,
	},
	{
		Code: Orphan, Class: Fault, Steps: []int{3},
		Title: "ERP entry without any event",
		Cause: "The feed made an entry for a gift card event that the platform does not know.",
		Hint:  "Find out what the entry's reference points at before you reverse anything: often the platform's side is what is missing.",
		Meaning: `The books owe or release something that the platform knows nothing of. It may be a
leftover of a deleted or test order, an entry from another shop that feeds the same account, or a movement
that the platform made without writing a ledger row.`,
		Basis: `A posting that came from the integration has no event by any identity, the movements are
complete for its time with slack on both sides, and it is no summed line of a batch. Entries on another
account are listed if they name an event and a gift card kind and are no counter-entry; they move no balance.`,
		Confirm: `Search the platform for the posting's reference, order and amount, in all shops and in the
archive. If the order exists and the card's ledger has no row, the platform is the wrong side.`,
		Repair: `If it belongs to nothing, reverse it and find the flow that made it. If it belongs to
another shop or company, move it, and add that shop to connectors.yaml or keep its entries apart.`,
		Confused: `late: the event lies beyond the window's edge. opening-balance: value brought in at a
migration. manual-entry: a person made it. unidentified-posting: it can't be told whether it has an event.`,
	},
	{
		Code: Stale, Class: Fault, Steps: []int{3},
		Title: "Older state written over a newer one",
		Cause: "A late retry carried the event's earlier state and was applied after the newer one.",
		Hint:  "Let the receiver compare the event's own time before it writes, and set the listed records to the final state.",
		Meaning: `Retries carry the payload of the first attempt. If the first attempt at 11:00 failed and
came through at 14:10, it overwrites what arrived at 12:00. The ERP ends up with a state that was true once.`,
		Basis: `The ERP's value equals that of an earlier delivery of the same event, a newer delivery
arrived before it, and the platform's final state is the newer one.`,
		Confirm: `Order the deliveries of one listed event by arrival and by the event's own time. If the
two orders differ and the ERP shows the last arrival, that is it.`,
		Repair: `Correct the listed records to the platform's final state. In the receiver, drop a payload
that is older than the state it would overwrite; ordering by arrival can't be made safe.`,
		Confused: `duplicate: the same state twice, as two entries. mapping-amount: the number was never
true.`,
	},
}
