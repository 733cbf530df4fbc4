package sandbox
import ("testing";"fmt";"slices";"gcdiag/internal/diagnosis")
func show(name string, seed uint64, o Options){
 s,ok:=Find(name); if !ok { a,_:=Find("unchecked"); b,_:=Find("two-faults"); s,_=Combine(a,b) }
 c,tr:=Case(s,seed,o); d:=diagnosis.Of(c)
 fmt.Println("==",s.Name,seed,d.Outcome.Status, tr.Status)
 for _,f := range d.Findings { ids:=[]string{}; for _,v := range f.Roots { ids=append(ids,v.Event.ID()) }; for _,p := range f.Postings { ids=append(ids,p.ID) }; fmt.Println("  ",f.Code,f.Step,f.Title,"|",f.Why,"|",ids[:min(5,len(ids))], f.Drift) }
 for _,x := range d.Drift { fmt.Printf("   %+v\n", x) }
 for _,x := range tr.Oddities { fmt.Println("   truth", x.Code,len(x.Events),x.Drift) }
 _ = slices.Sort[[]int]
}
func TestShow(t *testing.T){ show("healthy",18,Options{Yen:true}); show("late",3,Options{Yen:true}); show("late",1,Options{}); show("outage-of-loads",4,Options{}); show("journals",1,Options{}); show("x",333,Options{}) }
