package render
import ("testing";"os";"strconv";"gcdiag/internal/report")
func TestZShow(t *testing.T){
 f,err:=os.Open(os.Getenv("DOC")); if err!=nil {t.Fatal(err)}
 d,err:=report.Decode(f); if err!=nil {t.Fatal(err)}
 n,_:=strconv.Atoi(os.Getenv("W"))
 o:=Options{Width:n,ASCII:os.Getenv("A")!="",Color:os.Getenv("C")!="",Verbose:os.Getenv("V")!=""}
 switch os.Getenv("M"){
 case "trace": err=Trace(os.Stdout,d.Traces[:min(3,len(d.Traces))],o)
 case "md": err=Markdown(os.Stdout,d)
 default: err=Text(os.Stdout,d,o)}
 if err!=nil {t.Fatal(err)}
}
