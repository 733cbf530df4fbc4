package money

import "strings"

// symbol is a currency sign and the currencies that are written with it.
type symbol struct {
	text string
	uses []Currency
}

// symbols are the signs that are not words, the longer before the shorter.
var symbols = []symbol{
	sign("US$", "USD"), sign("CA$", "CAD"), sign("AU$", "AUD"), sign("NZ$", "NZD"), sign("HK$", "HKD"),
	sign("SG$", "SGD"), sign("MX$", "MXN"), sign("NT$", "TWD"), sign("TT$", "TTD"), sign("EC$", "XCD"),
	sign("A$", "AUD"), sign("C$", "CAD NIO"), sign("S$", "SGD"), sign("R$", "BRL"), sign("S/", "PEN"),
	sign("$", "USD AUD CAD NZD HKD SGD TWD BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD "+
		"MXN ARS CLP COP CUP DOP UYU NIO BRL MOP TOP WST CVE"),
	sign("€", "EUR"), sign("£", "GBP GIP FKP SHP EGP LBP SDG SSP SYP"), sign("¥", "JPY CNY"), sign("￥", "JPY CNY"),
	sign("₹", "INR"), sign("₩", "KRW KPW"), sign("₪", "ILS"), sign("₫", "VND"), sign("₱", "PHP"), sign("฿", "THB"),
	sign("₺", "TRY"), sign("₽", "RUB"), sign("₴", "UAH"), sign("₦", "NGN"), sign("₵", "GHS"), sign("₡", "CRC"),
	sign("₲", "PYG"), sign("₸", "KZT"), sign("₼", "AZN"), sign("₾", "GEL"), sign("₭", "LAK"), sign("₮", "MNT"),
}

// words are the signs made of letters, in lower case and without a final point.
var words = map[string][]Currency{
	"kr": codes("SEK NOK DKK ISK"), "fr": codes("CHF XAF XOF XPF"), "sfr": codes("CHF"),
	"zł": codes("PLN"), "zl": codes("PLN"), "kč": codes("CZK"), "kc": codes("CZK"), "ft": codes("HUF"),
	"lei": codes("RON MDL"), "лв": codes("BGN"), "руб": codes("RUB"), "tl": codes("TRY"), "rm": codes("MYR"),
	"rp": codes("IDR"), "rs": codes("INR PKR LKR NPR MUR SCR"), "r": codes("ZAR"), "円": codes("JPY"),
	"元": codes("CNY"), "원": codes("KRW"), "dhs": codes("AED"), "kd": codes("KWD"),
}

func sign(text, uses string) symbol { return symbol{text, codes(uses)} }

func codes(list string) []Currency {
	var cs []Currency
	for c := range strings.FieldsSeq(list) {
		cs = append(cs, MustCurrency(c))
	}
	return cs
}

// sharers are the currencies written with a sign, nil for one that is not listed.
func sharers(text string) []Currency {
	for _, s := range symbols {
		if s.text == text {
			return s.uses
		}
	}
	return words[text]
}
