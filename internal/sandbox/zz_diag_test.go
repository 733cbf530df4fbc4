package sandbox
import ("testing";"fmt";"slices";"gcdiag/internal/diagnosis";"gcdiag/internal/finding")
func diffTruth(s Scenario, seed uint64, o Options) []string {
 c, tr := Case(s, seed, o)
 d := diagnosis.Of(c)
 var out []string
 say := func(f string, a ...any) { out = append(out, fmt.Sprintf(f, a...)) }
 if d.Outcome.Status != tr.Status { say("status %s want %s", d.Outcome.Status, tr.Status) }
 roots, down := map[string]map[string]bool{}, map[string]bool{}
 for _, f := range d.Findings { if f.Class() != finding.Fault { continue }
  k := fmt.Sprint(f.Code, " ", f.Step, f.Undetermined); if roots[k]==nil { roots[k]=map[string]bool{} }
  for _, v := range f.Roots { roots[k][v.Event.ID()]=true }
  for _, p := range f.Postings { roots[k][p.ID]=true }
  for _, v := range f.Downstream { down[v.Event.ID()]=true } }
 for _, f := range tr.Faults { p := f.Problem; if p=="" { p="not-received" }
  k := fmt.Sprint(p, " ", f.Step, f.Undetermined)
  miss := 0; for _, id := range slices.Concat(f.Events, f.Postings) { if roots[k][id] { delete(roots[k], id) } else { miss++ } }
  if miss>0 { say("%s: %d of %d roots missing", k, miss, len(f.Events)) }
  for _, id := range f.Downstream { if down[id] { delete(down,id) } else { say("downstream %s missing", id) } } }
 for k, m := range roots { if len(m)>0 { ids:=[]string{}; for id := range m { ids=append(ids,id) }; slices.Sort(ids); say("extra %s: %v", k, ids[:min(4,len(ids))]) } }
 for id := range down { say("extra downstream %s", id) }
 for _, x := range d.Drift { if fmt.Sprintf("%v", x)=="" {} ; }
 return out
}
func TestDiag(t *testing.T){
 for _, s := range Scenarios() { bad:=0; var ex []string
  for seed := uint64(1); seed<=20; seed++ { if o := diffTruth(s, seed, Options{Yen: seed%3==0}); len(o)>0 { bad++; if len(ex)==0 { ex=append([]string{fmt.Sprint("seed ",seed)}, o...) } } }
  if bad>0 { fmt.Println(s.Name, bad, "of 20:", ex) } }
}
func TestDiagPairs(t *testing.T){
 all := Scenarios(); n,badN:=0,0
 for i,a := range all { for _,b := range all[i+1:] { s, ok := Combine(a,b); if !ok { continue }
  n++; if o := diffTruth(s, uint64(n), Options{}); len(o)>0 { badN++; fmt.Println(s.Name, "seed", n, o) } } }
 fmt.Println(badN, "of", n)
}
