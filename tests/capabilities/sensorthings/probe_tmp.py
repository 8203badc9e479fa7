import json,sys
import pytest
from tests.capabilities.sensorthings.conftest import *
from urllib.parse import quote
def test_probe(sta, world, capsys):
    c=sta.client
    t,d=world["thing"],world["stream"]
    def g(p):
        r=c.get("/sta/v1.1/"+quote(p,safe="/?&=$(),;%"))
        body=r.content.decode()
        print(f"GET {p}\n   {r.status_code} {r.headers.get('Content-Type','-')} {body[:420]}")
        return r
    def s(m,p,b,kind="application/json",**h):
        data=b if isinstance(b,(bytes,str)) else json.dumps(b)
        r=c.generic(m,"/sta/v1.1/"+quote(p,safe="/?&=$(),;%"),data,content_type=kind,headers=h)
        print(f"{m} {p} {str(b)[:120]}\n   {r.status_code} {r.headers.get('Content-Type','-')} loc={r.headers.get('Location')} {r.content.decode()[:420]}")
        return r
    first=sta.ids("Observations")[0]
    with capsys.disabled():
        g("")
        g("MultiDatastreams"); g("Observations?$count=true&$top=0"); g("Things?$count=true&$filter=name eq 'zz'")
        g("Observations?$top=2"); g("Observations?$top=2&$skip=2"); g("Observations?$top=2&$skip=3")
        g("Datastreams?$select=name,Thing"); g("Datastreams?$select=@iot.id,unitOfMeasurement/name"); g("Things?$select=name,nope"); g("Things?$select=")
        g("Observations?$expand=Datastream/Thing&$top=1&$select=result,Datastream")
        g("Things?$select=name&$expand=Datastreams($select=name,id;$filter=name eq '降雨量';$expand=Observations($count=true;$top=0),ObservedProperty($select=name))")
        g("Observations?$orderby=Datastream/Thing/name desc,phenomenonTime asc&$top=1&$select=result")
        g("Datastreams?$orderby=ObservedProperty/name&$select=name"); g("Things?$filter=Datastreams/ObservedProperty/name eq '雨量'&$select=name")
        g("Datastreams?$filter=phenomenonTime ge 2026-07-18T00:00:00Z&$select=name,phenomenonTime,resultTime,observedArea")
        g("Datastreams?$filter=phenomenonTime lt 2026-07-18T00:00:00Z/2026-07-18T02:00:00Z")
        g("Observations?$filter=phenomenonTime eq '2026-07-18T00:00:00Z'&$select=result")
        g("Observations?$filter=phenomenonTime ge 2026-07-18T00:00:00.000Z and phenomenonTime le 2026-07-18T01:00:00.000Z&$select=result")
        g("Observations?$filter=resultTime eq null&$count=true&$top=0")
        g("Observations?$filter=result eq '4'"); g("Observations?$filter=result gt '1'&$select=result")
        g("Observations?$filter=length(result) gt 0&$select=result")
        g("Things?$filter=substringof('雨',name)&$select=name"); g("Things?$filter=substringof(name,'雨量站点')&$select=name");g("Things?$filter=contains(name,'雨')&$select=name")
        g("Things?$filter=substringof('雨',name) eq true&$select=name")
        g("Observations?$filter=hour(phenomenonTime) eq 0 and date(phenomenonTime) eq date(2026-07-18T00:00:00Z)&$select=result")
        g("Locations?$filter=geo.distance(location,geography'POINT (117.05 36.71)') lt 0.1&$select=name")
        g("Locations?$filter=st_within(location,geography'POLYGON ((117 36, 118 36, 118 37, 117 37, 117 36))')&$select=name")
        g("Things('a')"); g("Things(abc)"); g("Things(0)"); g(f"Things({t})/"); g("Things/"); g(f"Things({t})/name/$value"); g(f"Things({t})/name"); g(f"Things({t})/@iot.id"); g(f"Things({t})/properties/kind/$value"); g(f"Observations({first})/result/$value"); g(f"Observations({first})/resultTime"); g(f"Observations({first})/resultTime/$value")
        g(f"Observations({first})/Datastream/Thing/$ref"); g(f"Observations({first})/Datastream/$ref"); g("Things/$ref"); g(f"Things({t})/$ref")
        g(f"Things({t})/Observations"); g(f"Things({t})/Datastreams({d+99})"); g(f"Datastreams({d})/Thing({t})")
        g("Things/$count"); g("Observations/$count"); g(f"Things({t})/Datastreams/$count?$filter=name eq 'x'")
        g("Observations?$resultFormat=dataArray"); g(f"Datastreams({d})/Observations?$resultFormat=dataArray&$select=result,phenomenonTime&$count=true&$top=2"); g("Observations?$resultFormat=dataArray&$expand=FeatureOfInterest($select=name)&$top=1");g("Datastreams?$expand=Observations($resultFormat=dataArray)")
        g("Things?$expand=Datastreams($expand=Observations($top=2;$select=result,phenomenonTime;$orderby=result desc))&$select=name")
        g("Things?$top=2000000"); g("Things?$filter=foo eq 1"); g("Things?$filter=name eq Name"); g("Things?$expand=Datastreams/Observations&$top=1&$select=name")
        g("Things?$filter=properties/kind eq 'rain' and id eq 1"); g("Things?$filter=@iot.id eq %d&$select=name"%t); g("Observations?$filter=Datastream/@iot.id eq %d&$top=1&$select=result"%d); g("Things?$orderby=@iot.id desc&$select=name")
        g("Things?$expand=Datastreams($levels=2)"); g("Things?$skip=1000&$count=true"); g("Things?$format=json"); g("Things?$search=x"); g("Things?$id=1")
