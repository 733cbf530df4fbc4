package report
import ("testing";"os";"path/filepath")
func TestZZValid(t *testing.T){ s:=compiled(t); ps,_:=filepath.Glob("/tmp/real/*.json"); n:=0
 for _,p:=range ps { b,_:=os.ReadFile(p); if err:=validate(t,s,string(b)); err!=nil { n++; if n<8 {t.Errorf("%s: %v",p,err)} } }
 t.Log(n, len(ps)) }
